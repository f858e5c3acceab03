import { startPostgres } from './start.ts';

/** A launcher: starts PostgreSQL in the given directory, sends its pid (or why not) and waits to be killed. */
const [dataDir = '', binaries = ''] = process.argv.slice(2);
process.on('message', () => undefined);
try {
  const server = await startPostgres({
    dataDir,
    binaries: binaries === 'system' ? 'system' : 'embedded',
    fsync: false,
  });
  process.send?.({ pid: server.pid, url: server.url });
} catch (error) {
  process.send?.({ reason: error instanceof Error && 'reason' in error ? error.reason : String(error) });
}
