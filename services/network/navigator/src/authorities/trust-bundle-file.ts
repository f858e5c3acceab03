import { readFile } from 'node:fs/promises';
import { ServiceError } from '@frameworks/kit/errors';
import { writeFileAtomically } from '@frameworks/std/atomic-file';
import type { NavigatorEvents } from '../events.ts';
import { type PublishedBundle, toBundlePem } from './trust-view.ts';

/** Everybody on the host may read it: it holds no secret, and each service runs as its own user. */
const mode = 0o644;

/**
 * Publishes the roots for others on this host. A file that says the same is left alone: its age tells readers whether it is newer
 * than what they hold.
 */
export async function writeTrustBundleFile(
  path: string,
  bundle: PublishedBundle,
  events: NavigatorEvents,
): Promise<void> {
  const pem = toBundlePem(bundle);
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before === pem) return;
  await writeFileAtomically(path, pem, { mode }).catch((cause: unknown) => {
    throw new ServiceError('FAILED_PRECONDITION', 'TRUST_BUNDLE_FILE_UNWRITABLE', {
      message: `NAVIGATOR_TRUST_BUNDLE_FILE: cannot write ${path}; its directory must exist and be writable`,
      cause,
    });
  });
  events.trustBundleWritten(path, bundle.generation);
}
