import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { ServiceError } from '@frameworks/kit/errors';

/**
 * Envelope for keys at rest: AES-256-GCM under a key that scrypt derives from a secret of the configuration (people choose
 * such secrets, so guessing must be slow). `purpose` is authenticated: a sealed root key does not open as anything else.
 * Format: `seal1.<salt>.<nonce>.<ciphertext and tag>`, base64url.
 */
const format = 'seal1';
/** ≈ 60 ms and 32 MiB on the reference machine: paid once, at start. */
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const minSecretLength = 16;

function deriveKey(secret: string, salt: Buffer): Promise<Buffer> {
  if (secret.length < minSecretLength) {
    throw new ServiceError('INVALID_ARGUMENT', 'SECRET_TOO_SHORT', {
      message: `a sealing secret needs ${minSecretLength} characters`,
    });
  }
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, 32, cost, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

/** Plain text → sealed text. Every call has its own salt and nonce. */
export async function seal(plain: string, secret: string, purpose: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', await deriveKey(secret, salt), nonce).setAAD(Buffer.from(purpose));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return [format, ...[salt, nonce, body].map((part) => part.toString('base64url'))].join('.');
}

/** Sealed text → plain text. Throws FAILED_PRECONDITION / SEAL_BROKEN for a wrong secret, another purpose or a changed byte. */
export async function unseal(sealed: string, secret: string, purpose: string): Promise<string> {
  const [version, ...parts] = sealed.split('.');
  const [salt, nonce, body] = parts.map((part) => Buffer.from(part, 'base64url'));
  const broken = (cause?: unknown) =>
    new ServiceError('FAILED_PRECONDITION', 'SEAL_BROKEN', { message: `cannot open the sealed ${purpose}`, cause });
  // Before the derivation, which is slow on purpose.
  if (version !== format || parts.length !== 3 || !body || body.length < tagBytes) throw broken();
  if (salt?.length !== saltBytes || nonce?.length !== nonceBytes) throw broken();
  const key = await deriveKey(secret, salt);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(
      Buffer.from(purpose),
    );
    decipher.setAuthTag(body.subarray(-tagBytes));
    return Buffer.concat([decipher.update(body.subarray(0, -tagBytes)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw broken(cause);
  }
}
