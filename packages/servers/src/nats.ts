import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { loadPassword, writeDurably } from './data-dir.ts';
import { ServerStartError } from './errors.ts';
import { findProgram } from './find-program.ts';
import { launch, type RunningServer, type ServerKind, type StartOptions } from './launch.ts';
import { askLoopback } from './probe.ts';

export interface NatsOptions extends StartOptions {
  /** The most disk for JetStream. Default 1024. */
  maxFileStoreMb?: number;
  /** The most memory for JetStream's memory streams. Default 64. */
  maxMemoryStoreMb?: number;
}

/** Starts the machine's nats-server (2.9 or later) on 127.0.0.1 with JetStream and a password. Rejects with `ServerStartError`. */
export async function startNats(options: NatsOptions): Promise<RunningServer> {
  const { searchPath } = options;
  const program = await findProgram('nats-server', searchPath === undefined ? {} : { searchPath });
  if (program === undefined) {
    const message = 'nats-server 2.9 or later was not found; install it, or start without --processes.';
    throw new ServerStartError('PROGRAM_MISSING', message);
  }
  return launch(describeNats(program.path, options), options);
}

function describeNats(path: string, options: NatsOptions): ServerKind {
  return {
    title: 'NATS',
    entries: ['data', 'nats.conf'],
    stopSignal: 'INT',
    stopPatienceMs: 10_000,
    prepare: async (dir) => {
      await mkdir(join(dir, 'data'), { recursive: true, mode: 0o700 });
    },
    command: async (dir, port) => {
      await writeDurably(
        join(dir, 'nats.conf'),
        listSettings(port, join(dir, 'data'), options, await loadPassword(dir)),
      );
      return { argv: [path, '-c', join(dir, 'nats.conf')], env: { LC_ALL: 'C', TZ: 'UTC' } };
    },
    owns: (argv, dir) => /^nats-server$/.test(basename(argv[0] ?? '')) && argv.includes(join(dir, 'nats.conf')),
    isReady: async (port, _pid, dir) => isReady(port, await loadPassword(dir)),
    url: async (port, dir) => `nats://frameworks:${await loadPassword(dir)}@127.0.0.1:${port}`,
  };
}

function listSettings(port: number, storeDir: string, options: NatsOptions, password: string): string {
  const { maxFileStoreMb = 1024, maxMemoryStoreMb = 64 } = options;
  return `listen: "127.0.0.1:${port}"
authorization { user: frameworks, password: "${password}" }
jetstream {
  store_dir: ${JSON.stringify(storeDir)}
  max_file_store: ${maxFileStoreMb}MB
  max_memory_store: ${maxMemoryStoreMb}MB
}
`;
}

/** Only our server knows our password; it answers PONG when it has taken the log-in. JetStream is up before it listens. */
async function isReady(port: number, password: string): Promise<boolean> {
  const login = JSON.stringify({ user: 'frameworks', pass: password, verbose: false, pedantic: false, lang: 'probe' });
  const hello = Buffer.from(`CONNECT ${login}\r\nPING\r\n`);
  const enough = (text: string): boolean => /PONG\r\n|-ERR/.test(text);
  return (await askLoopback(port, hello, { enough, timeoutMs: 1000 })).includes('PONG\r\n');
}
