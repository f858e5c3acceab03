import { version } from '@frameworks/kit/version';
import { Command, CommanderError } from 'commander';
import { addStatus } from './commands/status.ts';
import { addUp } from './commands/up.ts';
import type { ExitCode, Io } from './io.ts';

/** Adds one command to the program; `done` takes the exit code of what it did. */
export type AddCommand = (program: Command, io: Io, done: (code: ExitCode) => void) => void;

const commands: readonly AddCommand[] = [addUp, addStatus];

/** Runs one invocation, from the arguments after the program's name to its exit code. Never throws for a person's mistake. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = 0;
  const program = createProgram(io, (result) => {
    code = result;
  });
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version leave by the same door, with 0.
    return error.exitCode === 0 ? 0 : 2;
  }
}

function createProgram(io: Io, done: (code: ExitCode) => void): Command {
  const program = new Command('frameworks')
    .description('Self-hostable, multi-cluster live video.')
    .version(`frameworks ${version}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
      outputError: (text, write) => write(toSentence(text)),
    });
  // Subcommands take over the settings above only when they are made after them.
  for (const add of commands) add(program, io, done);
  return program;
}

/** `error: unknown option '--x'\n(Did you mean --y?)` → one line that says who says so, and where to read on. */
function toSentence(text: string): string {
  const sentence = text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  return `frameworks: ${sentence}; see frameworks --help.`;
}
