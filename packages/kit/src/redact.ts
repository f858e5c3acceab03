/** What stands in the place of a secret. */
export const redacted = '[redacted]';

/** Prefixes of the secrets this system gives out (enrollment, invite, stream key, API token, join token). */
const prefixes = '(?:enroll|invite|sk|fw|join)_';
const tail = '[A-Za-z0-9_-]';
/** Real ones carry ≥ 160 bits, which is 27 characters of base64url; a little less still counts, words do not. */
const tailLength = 20;

/**
 * Behind a clean boundary anything long enough is a secret. Behind a letter or digit it must also look random: an escaped
 * line break or `%2F` may stand before a secret, but `disk_usage_percent_of_limit` is a name. The look-ahead is bounded so
 * that no text can make the match quadratic.
 */
const ownSecret = new RegExp(
  `(?<![A-Za-z0-9])${prefixes}${tail}{${tailLength},}|${prefixes}(?=[a-z_-]{0,64}[0-9A-Z])${tail}{${tailLength},}`,
  'g',
);
/** Only behind a boundary, escaped and percent-encoded ones included, or a long run of letters would be tried from each. */
const jwt =
  /(?:(?<![A-Za-z0-9_-])|(?<=\\[nrtbf]|\\u[0-9a-f]{4}|%[0-9A-Fa-f]{2}))eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*/g;
const privateKey = /-----BEGIN ([A-Z ]{0,32}PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g;
const authorizationValue = /\b(Bearer|Basic)(\s{1,8})[A-Za-z0-9._~+/=-]{8,}/gi;
/** Where the password of a URL begins: after `://user:`. Digits up to a slash are a port. */
const beforePassword = /:\/\/[^:/?#@]*:(?!\d{1,5}(?:[/?#]|$))/;
const wordWithPassword = /[^\s"'`<>]+/g;

const secretWords = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'authorization',
  'cookie',
  'credential',
  'credentials',
  'signature',
  'apikey',
  'privatekey',
  'secretkey',
  'streamkey',
  'signingkey',
  'encryptionkey',
].join('|');
/** `password=…` in a query string, a form, or a key/value connection string, quoted or not. */
const assignment = new RegExp(
  `((?:${secretWords}|_key)=)(?:(")[^"]{1,4096}|(')[^']{1,4096}|[^\\s&;,"'\`<>]{1,4096})`,
  'gi',
);
/** `"password": "…"` of JSON that was logged as text, however often it was escaped. */
const quotedMember = new RegExp(
  `((?:${secretWords}|_key)\\\\{0,15}["']\\s{0,8}:\\s{0,8}\\\\{0,15})(?:(")[^"\\\\]{1,4096}|(')[^'\\\\]{1,4096}|[^\\s,"'}\\]\\\\]{1,4096})`,
  'gi',
);
/** `password: …` in prose. Other words are followed by a colon too often to say what is the matter with them. */
const spokenPassword = /((?:password|passwd|passphrase):\s{0,8})[^\s,;"'`<>]{1,4096}/gi;

/** Is a property of this name a secret whatever it holds: `refreshToken`, `x-api-key`, `set-cookie`, `DATABASE_PASSWORD`. */
const secretName = new RegExp(`(?:${secretWords})$`, 'i');

/** Cheap and generous: does a text deserve the real look? Must find everything that the patterns above find. */
const suspicion = new RegExp(
  `${prefixes}|eyJ|PRIVATE KEY|bearer|basic|://[^\\s/]{0,256}:|_key|${secretWords}|api.key|(?:stream|private|secret|signing|encryption).key`,
  'i',
);

/** Could there be a secret in this text, or in this JSON text? False only when there is none. */
export function isSuspicious(text: string): boolean {
  return suspicion.test(text);
}

/** `text` without anything that has the shape of a secret: ours, JWTs, private keys, authorization values, passwords in URLs and assignments. */
export function redactText(text: string): string {
  if (!isSuspicious(text)) return text;
  return text
    .replace(privateKey, redacted)
    .replace(wordWithPassword, hideUrlPassword)
    .replace(assignment, `$1$2$3${redacted}`)
    .replace(quotedMember, `$1$2$3${redacted}`)
    .replace(spokenPassword, `$1${redacted}`)
    .replace(authorizationValue, `$1$2${redacted}`)
    .replace(jwt, redacted)
    .replace(ownSecret, redacted);
}

/** Up to the last `@` of the word: a password with a raw `@` or `/` in it is a mistake people make. */
function hideUrlPassword(word: string): string {
  const end = word.lastIndexOf('@');
  const start = end === -1 ? null : beforePassword.exec(word);
  const from = start === null ? end : start.index + start[0].length;
  return from < end ? word.slice(0, from) + redacted + word.slice(end) : word;
}

export function isSecretName(name: string): boolean {
  return secretName.test(name.replace(/[_.-]/g, ''));
}

/** Deeper than this nothing is logged: no record of ours is, and a hostile one must not exhaust the stack. */
const deepest = 32;

/** A copy of a JSON value without secrets: by the name of the property, and by `clean` in every text and property name. */
export function redactJson(value: unknown, clean: (text: string) => string = redactText, depth = 0): unknown {
  if (typeof value === 'string') return clean(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > deepest) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => redactJson(item, clean, depth + 1));
  const entries = Object.entries(value).map(([name, inner]) => {
    const hide = isSecretName(name) && inner !== null && inner !== '' && typeof inner !== 'boolean';
    return [clean(name), hide ? redacted : redactJson(inner, clean, depth + 1)];
  });
  return Object.fromEntries(entries);
}

/** Shorter texts are not searched for: they would turn up in innocent words. */
const shortestKnown = 6;

/** `redactText` that also removes known values, such as a configured password, also percent-encoded or escaped for JSON. */
export function createRedactor(secrets: readonly string[] = []): {
  suspects(text: string): boolean;
  clean(text: string): string;
} {
  const spellings = secrets
    .filter((secret) => secret.length >= shortestKnown)
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]);
  // The longest first: a secret that contains another must not leave its rest behind.
  const known = [...new Set(spellings)].sort((a, b) => b.length - a.length);
  return {
    suspects: (text) => isSuspicious(text) || known.some((secret) => text.includes(secret)),
    clean: (text) => redactText(known.reduce((rest, secret) => rest.replaceAll(secret, redacted), text)),
  };
}
