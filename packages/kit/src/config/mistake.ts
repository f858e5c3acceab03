/** What is wrong with one variable, for the operator. Contains no secret. */
export interface Mistake {
  readonly variable: string;
  readonly message: string;
}

/** `mistakes` as lines for a terminal, under a heading that names the service. */
export function formatMistakes(service: string, mistakes: readonly Mistake[]): string {
  const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
  return [`${service}: ${count} in the configuration`, ...mistakes.map((m) => `  ${m.variable} ${m.message}`)].join(
    '\n',
  );
}
