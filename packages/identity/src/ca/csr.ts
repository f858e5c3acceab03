import type { webcrypto } from 'node:crypto';
import { ServiceError } from '@frameworks/kit/errors';
import { generateKeyPair, type KeyPair, keyAlgorithm, signingAlgorithm } from './keys.ts';
import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator } from './x509.ts';

/** No request of ours comes near this; a parser is not fed more. */
const maxCsrBytes = 8 * 1024;

/** A request that carries a public key and the proof that its sender has the private one. Nothing in it names anybody: the issuer decides. */
export async function createCsr(keys?: KeyPair): Promise<{ csrPem: string; keys: KeyPair }> {
  const pair = keys ?? (await generateKeyPair());
  const csr = await Pkcs10CertificateRequestGenerator.create({ keys: pair, signingAlgorithm });
  return { csrPem: `${csr.toString('pem')}\n`, keys: pair };
}

const refused = (message: string, cause?: unknown) =>
  new ServiceError('INVALID_ARGUMENT', 'CSR_INVALID', { message, cause });

function parseCsr(csrPem: string): Pkcs10CertificateRequest {
  if (csrPem.length > maxCsrBytes) throw refused('the request is too long');
  try {
    return new Pkcs10CertificateRequest(csrPem);
  } catch (cause) {
    throw refused('not a PKCS#10 request', cause);
  }
}

/**
 * The public key of a request whose signature proves possession of the private key.
 * Subject, extensions and attributes are ignored on purpose: whoever writes them is the party being identified.
 * Throws INVALID_ARGUMENT / CSR_INVALID.
 */
export async function verifyCsr(csrPem: string): Promise<webcrypto.CryptoKey> {
  const csr = parseCsr(csrPem);
  try {
    const key = await csr.publicKey.export(keyAlgorithm, ['verify']);
    if (await csr.verify()) return key;
  } catch (cause) {
    throw refused('only P-256 keys are certified', cause);
  }
  throw refused('the signature does not prove possession of the key');
}
