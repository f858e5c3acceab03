import { claimDirectory } from './claim.ts';

/** A process that holds a directory until it is killed. */
await claimDirectory(process.argv[2] ?? '');
// Somebody who listens keeps the process alive.
process.on('message', () => undefined);
process.send?.('held');
