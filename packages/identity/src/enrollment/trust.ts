import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { ServiceError } from '@frameworks/kit/errors';
import { splitPem } from '../ca/pem.ts';

/** Roots to trust, and since when somebody says so (Unix milliseconds of this machine). */
export interface Trust {
  readonly pem: string;
  readonly generation: number;
  readonly sinceUnixMs: number;
}

/** The file's roots. `undefined`: not there yet. Throws FAILED_PRECONDITION `TRUST_BUNDLE_INVALID` when it holds something else. */
export async function readTrustFile(path: string): Promise<Trust | undefined> {
  const [text, info] = await Promise.all([readFile(path, 'utf8'), stat(path)]).catch(() => []);
  if (text === undefined || info === undefined) return undefined;
  if (!areRoots(text)) {
    throw new ServiceError('FAILED_PRECONDITION', 'TRUST_BUNDLE_INVALID', {
      message: `${path} must hold the PEM of one or more authorities`,
      data: { path },
    });
  }
  return { pem: text, generation: 0, sinceUnixMs: info.mtimeMs };
}

/**
 * Kept trust or the file's? As long as they share a root they speak of the same CA, and what was kept has followed its rotations.
 * If not, one of them is a thing of the past: a file handed out once and rotated away since, or a CA that was made anew. The later
 * word counts.
 */
export function chooseTrust(kept: Trust | undefined, file: Trust | undefined): Trust | undefined {
  if (!kept || !file) return kept ?? file;
  if (shareRoot(kept.pem, file.pem)) return kept;
  return file.sinceUnixMs > kept.sinceUnixMs ? file : kept;
}

function shareRoot(a: string, b: string): boolean {
  const known = new Set(fingerprints(a));
  return fingerprints(b).some((fingerprint) => known.has(fingerprint));
}

function fingerprints(pem: string): string[] {
  return splitPem(pem).map((block) => new X509Certificate(block).fingerprint256);
}

function areRoots(pem: string): boolean {
  const blocks = splitPem(pem);
  try {
    return blocks.length > 0 && blocks.every((block) => new X509Certificate(block).ca);
  } catch {
    return false;
  }
}
