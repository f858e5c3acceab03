/** What a service was started to do. */
export type Verb = 'run' | 'check-config' | 'version' | 'help';

const verbs: Readonly<Record<string, Verb>> = {
  '--check-config': 'check-config',
  '--version': 'version',
  '--help': 'help',
  '-h': 'help',
};

/** The arguments after the script's name → a verb, or the one argument nobody knows. Settings come from the environment. */
export function parseArguments(args: readonly string[]): { readonly verb: Verb } | { readonly unknown: string } {
  let verb: Verb = 'run';
  for (const arg of args) {
    const next = Object.hasOwn(verbs, arg) ? verbs[arg] : undefined;
    if (next === undefined) return { unknown: arg };
    verb = next;
  }
  return { verb };
}
