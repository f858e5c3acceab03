import { flushCompileCache } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import type { Fleet } from './fleet.ts';

/**
 * Loads the fleet with all its services, in pieces: importing one large graph keeps the event loop from turning until all of it is
 * there (over a second, many more on a busy machine), and a Ctrl-C would have to wait for it.
 */
export async function loadFleet(signal?: AbortSignal): Promise<typeof Fleet> {
  const pieces = [
    () => import('@frameworks/kit'),
    () => import('@frameworks/kit/rpc'),
    () => import('@frameworks/servers'),
    () => import('@frameworks/stores/sql'),
    () => import('@frameworks/navigator'),
    () => import('@frameworks/quartermaster'),
  ];
  for (const load of pieces) {
    signal?.throwIfAborted();
    await load();
    // Else all of it is written when the process ends, and a Ctrl-C of the first start waits for over a thousand files.
    flushCompileCache();
    await setImmediate();
  }
  return (await import('./fleet.ts')).Fleet;
}
