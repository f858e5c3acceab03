import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What kind of secret a text is, readable by people and by scanners of leaked secrets. */
export const secretPrefixes = ['enroll_', 'invite_', 'sk_', 'fw_', 'join_'] as const;
export type SecretPrefix = (typeof secretPrefixes)[number];

/** Crockford's base 32 in lower case: no i, l, o, u to misread; five bits a character. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const randomLength = 33; // 165 random bits.
const checkLength = 3;

/** `alphabet` has 32 characters, so the low five bits of a random byte choose one without bias. */
function encode(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => alphabet[byte & 31]).join('');
}

function checkOf(body: string): string {
  return encode(createHash('sha256').update(body).digest().subarray(0, checkLength));
}

/** A new secret: prefix, 165 random bits, 15 bits of checksum. Show it once and store `hashSecret` of it only. */
export function mintSecret(prefix: SecretPrefix): string {
  const body = prefix + encode(randomBytes(randomLength));
  return body + checkOf(body);
}

/** Could this text have come from `mintSecret(prefix)`? Sorts out typing mistakes without a look into the database. */
export function isWellFormedSecret(text: string, prefix: SecretPrefix): boolean {
  const body = text.slice(0, -checkLength);
  return (
    text.startsWith(prefix) &&
    text.length === prefix.length + randomLength + checkLength &&
    text.endsWith(checkOf(body))
  );
}

/** SHA-256, lower-case hexadecimal: what is stored and looked up. Enough for a random secret; passwords need a slow hash. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Is `secret` the one whose hash this is? Takes the same time whatever the answer. */
export function secretMatches(secret: string, hash: string): boolean {
  const [presented, stored] = [Buffer.from(hashSecret(secret)), Buffer.from(hash)];
  return presented.length === stored.length && timingSafeEqual(presented, stored);
}
