import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '@frameworks/kit/errors';
import { writeFileAtomically } from '@frameworks/std/atomic-file';
import { exportPrivateKeyPem, generateKeyPair, importKeyPair, type KeyPair } from '../ca/keys.ts';
import { type Credential, toCredential } from '../source/certificate-source.ts';

/** A credential with what a restart must know of it. Times are Unix milliseconds of this machine. */
export interface KeptIdentity {
  readonly credential: Credential;
  /** Of the trust bundle in the credential; 0 when it came from a file. */
  readonly bundleGeneration: number;
  readonly renewAtUnixMs: number;
  readonly savedUnixMs: number;
}

const identityFile = 'identity.json';
const joinKeyFile = 'join-key.json';

/**
 * What an instance keeps over restarts, each file replaced at once, so that a kill at any moment leaves the old or the new:
 * - `identity.json`: key, certificate chain and trust bundle, in one file because they only make sense together;
 * - `join-key.json`: the key made for a join token, written *before* the token is used. A token is good for one key; an instance
 *   killed between asking and keeping the answer must come back with the same key.
 */
export class IdentityDirectory {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** `undefined` when there is none, or none that can be read: then a new one is obtained. */
  async load(): Promise<KeptIdentity | undefined> {
    const kept = await this.#readJson(identityFile);
    const { certificateChainPem, privateKeyPem, trustBundlePem } = kept;
    const { bundleGeneration, renewAtUnixMs, savedUnixMs } = kept;
    if (![certificateChainPem, privateKeyPem, trustBundlePem].every(isText)) return undefined;
    if (![bundleGeneration, renewAtUnixMs, savedUnixMs].every(Number.isSafeInteger)) return undefined;
    try {
      // `as`: the two lines above have looked at all six.
      const credential = toCredential({ certificateChainPem, privateKeyPem, trustBundlePem } as Credential);
      return { credential, bundleGeneration, renewAtUnixMs, savedUnixMs } as KeptIdentity;
    } catch {
      return undefined;
    }
  }

  async save({ credential, ...rest }: KeptIdentity): Promise<void> {
    const { certificateChainPem, privateKeyPem, trustBundlePem } = credential;
    await this.#writeJson(identityFile, { certificateChainPem, privateKeyPem, trustBundlePem, ...rest });
  }

  /** The key for this join token: always the same one. */
  async joinKey(joinToken: string): Promise<KeyPair> {
    const tokenSha256 = createHash('sha256').update(joinToken).digest('hex');
    const kept = await this.#readJson(joinKeyFile);
    if (kept.tokenSha256 === tokenSha256 && isText(kept.privateKeyPem)) return await importKeyPair(kept.privateKeyPem);
    const keys = await generateKeyPair();
    const privateKeyPem = await exportPrivateKeyPem(keys.privateKey);
    await this.#writeJson(joinKeyFile, { tokenSha256, privateKeyPem });
    return keys;
  }

  async #readJson(name: string): Promise<Record<string, unknown>> {
    const text = await readFile(join(this.#path, name), 'utf8').catch(() => 'null');
    try {
      const value: unknown = JSON.parse(text);
      // `as`: an object that is no array has string keys and unknown values.
      return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    } catch {
      return {};
    }
  }

  async #writeJson(name: string, value: Record<string, unknown>): Promise<void> {
    try {
      await mkdir(this.#path, { recursive: true, mode: 0o700 });
      await writeFileAtomically(join(this.#path, name), `${JSON.stringify(value)}\n`);
    } catch (cause) {
      throw new ServiceError('FAILED_PRECONDITION', 'IDENTITY_DIR_UNWRITABLE', {
        message: `cannot keep the certificate in ${this.#path}; it must be a writable directory of this instance`,
        cause,
      });
    }
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
