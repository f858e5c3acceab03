import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { SpiffeId } from '@frameworks/identity/spiffe';
import type { Clock } from '@frameworks/std';
import { writePrivateFile } from './files.ts';

/** 256 bits, far above the 160 that every secret of ours has at least. */
const secretBytes = 32;
/** Only for the time between the start of a process and its first certificate. */
const tokenTtlMs = 60 * 60 * 1000;

/** Makes the secret that encrypts the CA's keys, once per data directory: another one could not read them. */
export function ensureCaSecret(path: string): void {
  if (!existsSync(path)) writePrivateFile(path, `${randomBytes(secretBytes).toString('base64url')}\n`);
}

interface HandedOut {
  spiffeId: SpiffeId;
  sha256: string;
  expiresAt: string;
}

/**
 * Proofs of identity for first certificates. Each start of a service gets a token of its own, because a token is good for one
 * key only; the CA learns the hashes from a file. The launcher keeps no token.
 */
export class JoinTokens {
  readonly #file: string;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #handedOut = new Map<SpiffeId, HandedOut>();

  constructor(file: string, clock: Pick<Clock, 'now'>) {
    this.#file = file;
    this.#clock = clock;
  }

  /** Writes a fresh token for the identity to `tokenFile`, 0600, once the CA can know its hash. */
  handOut(spiffeId: SpiffeId, tokenFile: string): void {
    const token = `join_${randomBytes(secretBytes).toString('base64url')}`;
    const sha256 = createHash('sha256').update(token).digest('hex');
    const expiresAt = new Date(this.#clock.now() + tokenTtlMs).toISOString();
    this.#handedOut.set(spiffeId, { spiffeId, sha256, expiresAt });
    writePrivateFile(this.#file, `${JSON.stringify([...this.#handedOut.values()], undefined, 2)}\n`);
    writePrivateFile(tokenFile, `${token}\n`);
  }
}
