import { createHash, webcrypto } from 'node:crypto';
import { verifyCsr } from '@frameworks/identity/ca/csr';
import { ServiceError } from '@frameworks/kit/errors';

/** The contract's bound. Whatever passes it is still bounded by the parser. */
const maxCsrBytes = 16 * 1024;

/** A request whose signature has been checked. */
export interface VerifiedCsr {
  readonly pem: string;
  /** SHA-256 of the public key (SPKI, DER): names the key. */
  readonly keySha256: Uint8Array;
}

/** Throws INVALID_ARGUMENT `CSR_INVALID` for everything but a well-signed P-256 request. */
export async function readCsr(der: Uint8Array): Promise<VerifiedCsr> {
  if (der.length === 0 || der.length > maxCsrBytes) {
    throw new ServiceError('INVALID_ARGUMENT', 'CSR_INVALID', {
      message: `the request must have 1 to ${maxCsrBytes} bytes`,
      data: { sizeBytes: String(der.length) },
    });
  }
  return await readCsrPem(toCsrPem(der));
}

/** The same from PEM. */
export async function readCsrPem(pem: string): Promise<VerifiedCsr> {
  const spki = await webcrypto.subtle.exportKey('spki', await verifyCsr(pem));
  return { pem, keySha256: createHash('sha256').update(new Uint8Array(spki)).digest() };
}

function toCsrPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----', ''].join('\n');
}
