import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { loadPassword, writeDurably } from './data-dir.ts';
import { ServerStartError } from './errors.ts';
import { findProgram } from './find-program.ts';
import { launch, type RunningServer, type ServerKind, type StartOptions } from './launch.ts';
import { askLoopback } from './probe.ts';

export interface RedisOptions extends StartOptions {
  /** When a write reaches the disk; `everysec` may lose the last second in a power cut, nothing in a crash of Redis. Default. */
  appendFsync?: 'always' | 'everysec' | 'no';
  /** The most memory for data; beyond it writes are refused, never keys dropped. Default 256. */
  maxMemoryMb?: number;
}

/** Starts the machine's Redis (7 or later) on 127.0.0.1 with a password and an append-only file. Rejects with `ServerStartError`. */
export async function startRedis(options: RedisOptions): Promise<RunningServer> {
  const { searchPath } = options;
  const program = await findProgram('redis-server', searchPath === undefined ? {} : { searchPath });
  if (program === undefined) {
    const message = 'redis-server 7 or later was not found; install Redis, or start without --processes.';
    throw new ServerStartError('PROGRAM_MISSING', message);
  }
  return launch(describeRedis(program.path, options), options);
}

function describeRedis(path: string, options: RedisOptions): ServerKind {
  return {
    title: 'Redis',
    entries: ['data', 'redis.conf'],
    stopSignal: 'TERM',
    stopPatienceMs: 10_000,
    prepare: async (dir) => {
      await mkdir(join(dir, 'data'), { recursive: true, mode: 0o700 });
    },
    command: async (dir, port) => {
      await writeDurably(
        join(dir, 'redis.conf'),
        listDirectives(port, join(dir, 'data'), options, await loadPassword(dir)),
      );
      return { argv: [path, join(dir, 'redis.conf')], env: { LC_ALL: 'C', TZ: 'UTC' } };
    },
    owns: (argv, dir) => /^redis-server$/.test(basename(argv[0] ?? '')) && argv.includes(join(dir, 'redis.conf')),
    isReady: async (port, _pid, dir) => isReady(port, await loadPassword(dir)),
    url: async (port, dir) => `redis://default:${await loadPassword(dir)}@127.0.0.1:${port}/0`,
  };
}

function listDirectives(port: number, dataDir: string, options: RedisOptions, password: string): string {
  const { appendFsync = 'everysec', maxMemoryMb = 256 } = options;
  const directives = {
    bind: '127.0.0.1',
    port,
    dir: JSON.stringify(dataDir),
    requirepass: password,
    appendonly: 'yes',
    appendfsync: appendFsync,
    save: '""',
    maxmemory: `${maxMemoryMb}mb`,
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
    // Keeps the configuration's path on the command line, by which a left-over is recognised.
    'set-proc-title': 'no',
    loglevel: 'notice',
    logfile: '""',
  };
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

/** Only our server knows our password; while it loads its file it answers `-LOADING`. */
async function isReady(port: number, password: string): Promise<boolean> {
  const hello = Buffer.from(`AUTH ${password}\r\nPING\r\n`);
  const enough = (text: string): boolean => text.split('\r\n').length > 2 || text.startsWith('-');
  return (await askLoopback(port, hello, { enough, timeoutMs: 1000 })) === '+OK\r\n+PONG\r\n';
}
