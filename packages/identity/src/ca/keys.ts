import { webcrypto } from 'node:crypto';
import { ServiceError } from '@frameworks/kit/errors';
import { PemConverter } from './x509.ts';

/**
 * Keys are ECDSA P-256: understood by every TLS stack an engine, a load balancer or a browser may have (Ed25519 leaves are
 * not), signatures are 64 bytes, and a handshake costs well under a millisecond.
 */
export const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
export const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;

export type KeyPair = webcrypto.CryptoKeyPair;

/** A new extractable P-256 key pair. */
export async function generateKeyPair(): Promise<KeyPair> {
  return await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
}

/** Private key → PKCS#8 PEM. Secret: never logged, stored 0600 or sealed. */
export async function exportPrivateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

/** PKCS#8 PEM → key pair. Throws INVALID_ARGUMENT / PRIVATE_KEY_INVALID for anything but a P-256 key. */
export async function importKeyPair(privateKeyPem: string): Promise<KeyPair> {
  try {
    const pkcs8 = PemConverter.decodeFirst(privateKeyPem);
    const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, keyAlgorithm, true, ['sign']);
    const { kty, crv, x, y } = await webcrypto.subtle.exportKey('jwk', privateKey);
    if (!kty || !crv || !x || !y) throw new Error('the key has no public part');
    const publicKey = await webcrypto.subtle.importKey('jwk', { kty, crv, x, y }, keyAlgorithm, true, ['verify']);
    return { privateKey, publicKey };
  } catch (cause) {
    throw new ServiceError('INVALID_ARGUMENT', 'PRIVATE_KEY_INVALID', {
      message: 'not a P-256 key in PKCS#8 PEM',
      cause,
    });
  }
}
