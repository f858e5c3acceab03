import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { SkippedSuite } from './tally.ts';

/** A real server that suites named `*.<suffix>.test.ts` need. */
interface Server {
  readonly suffix: string;
  readonly program: string;
  /** Folders to look in besides the PATH; `*` stands for one level, which is how Debian lays PostgreSQL out. */
  readonly folders: readonly string[];
}

const SERVERS: readonly Server[] = [
  { suffix: 'pg', program: 'postgres', folders: ['/usr/lib/postgresql/*/bin'] },
  { suffix: 'redis', program: 'redis-server', folders: [] },
  { suffix: 'nats', program: 'nats-server', folders: ['/usr/sbin'] },
];

export type FindProgram = (program: string, folders: readonly string[]) => string | undefined;

/** Why a suite did not run, in words that say what to do about it. */
export function reasonFor(suite: SkippedSuite, find: FindProgram = findProgram): string {
  if (suite.note !== undefined) return suite.note;
  const stated = / skipped: (.+)$/.exec(suite.name)?.[1];
  if (stated !== undefined) return stated;
  const missing = SERVERS.filter(
    ({ suffix, program, folders }) =>
      (suite.file.includes(`.${suffix}.`) || new RegExp(`\\b${program}\\b`).test(suite.name)) &&
      !find(program, folders),
  );
  if (missing.length === 0) return 'skipped in its source';
  return `${missing.map(({ program }) => program).join(', ')} not found: npm run setup:services`;
}

/** First executable of that name on the PATH or in `folders`. */
export function findProgram(program: string, folders: readonly string[] = []): string | undefined {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...path, ...folders.flatMap(expand)].map((folder) => join(folder, program)).find(isExecutable);
}

function expand(folder: string): string[] {
  const [before, after] = folder.split('/*/');
  if (before === undefined || after === undefined) return [folder];
  if (!existsSync(before)) return [];
  return readdirSync(before)
    .sort()
    .reverse()
    .map((level) => join(before, level, after));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
