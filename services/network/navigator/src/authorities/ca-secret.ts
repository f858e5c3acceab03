import { readFile } from 'node:fs/promises';
import { seal, unseal } from '@frameworks/identity/ca/seal';
import { ServiceError } from '@frameworks/kit/errors';
import type { StoredAuthority } from './authority-store.ts';

const minSecretBytes = 32;

/** Seals authority keys for the database and opens them again. */
export interface KeyVault {
  seal(authorityId: string, keyPem: string): Promise<string>;
  /** Opened keys are kept: opening is slow on purpose. Throws FAILED_PRECONDITION `CA_SECRET_WRONG`. */
  open(authority: StoredAuthority): Promise<string>;
}

/** Reads the secret; surrounding white space does not count. Throws FAILED_PRECONDITION with a sentence for the operator. */
export async function readCaSecret(path: string): Promise<string> {
  const secret = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ServiceError('FAILED_PRECONDITION', 'CA_SECRET_UNREADABLE', {
      message: `NAVIGATOR_CA_SECRET_FILE: cannot read ${path}`,
      cause,
    });
  });
  const trimmed = secret.trim();
  if (Buffer.byteLength(trimmed) >= minSecretBytes) return trimmed;
  throw new ServiceError('FAILED_PRECONDITION', 'CA_SECRET_TOO_SHORT', {
    message: `NAVIGATOR_CA_SECRET_FILE: ${path} must hold at least ${minSecretBytes} bytes, for example from: openssl rand -hex 32`,
  });
}

export function createKeyVault(secret: string): KeyVault {
  const opened = new Map<string, string>();
  return {
    seal: (authorityId, keyPem) => seal(keyPem, secret, purposeOf(authorityId)),
    open: async (authority) => {
      const known = opened.get(authority.id);
      if (known !== undefined) return known;
      const keyPem = await openKey(authority, secret);
      opened.set(authority.id, keyPem);
      return keyPem;
    },
  };
}

async function openKey({ id, kind, generation, sealedKey }: StoredAuthority, secret: string): Promise<string> {
  try {
    return await unseal(sealedKey ?? '', secret, purposeOf(id));
  } catch (cause) {
    throw new ServiceError('FAILED_PRECONDITION', 'CA_SECRET_WRONG', {
      message:
        `the key of ${kind} ${generation} does not open with the secret in NAVIGATOR_CA_SECRET_FILE: ` +
        'restore the secret this database was started with. Nothing was changed.',
      data: { authorityId: id },
      cause,
    });
  }
}

/** Authenticated with the key: a sealed key moved to another authority does not open. */
function purposeOf(authorityId: string): string {
  return `navigator authority ${authorityId}`;
}
