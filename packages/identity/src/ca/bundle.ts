import { X509Certificate } from 'node:crypto';
import { ServiceError } from '@frameworks/kit/errors';

/**
 * The roots a peer must chain to. Rotation is an overlap: add the new root (generation + 1) → once every instance holds that
 * generation, sign with it → retire the old root at the end of the last leaf under it → prune. A leaf is thus trusted for its whole life.
 */
export interface TrustBundle {
  /** Grows by one with every change; a holder of a lower one is behind. */
  generation: number;
  roots: TrustedRoot[];
}

export interface TrustedRoot {
  certificatePem: string;
  /** SHA-256, upper-case hexadecimal with colons: names the root. */
  fingerprint256: string;
  /** Trusted until then (milliseconds since the epoch); absent: until the certificate's own end. */
  retireAtMs?: number;
}

function toTrustedRoot(certificatePem: string): TrustedRoot {
  const certificate = new X509Certificate(certificatePem);
  if (certificate.ca) return { certificatePem, fingerprint256: certificate.fingerprint256 };
  throw new ServiceError('INVALID_ARGUMENT', 'CERTIFICATE_INVALID', {
    message: 'only an authority can be trusted as a root',
  });
}

export function createBundle(rootPem: string): TrustBundle {
  return { generation: 1, roots: [toTrustedRoot(rootPem)] };
}

/** Trust one more root. Adding one that is there changes nothing, not even the generation. */
export function addRoot(bundle: TrustBundle, rootPem: string): TrustBundle {
  const root = toTrustedRoot(rootPem);
  if (bundle.roots.some((known) => known.fingerprint256 === root.fingerprint256)) return bundle;
  return { generation: bundle.generation + 1, roots: [...bundle.roots, root] };
}

/** Stop trusting a root at `retireAtMs`: the end of the last leaf issued under it. The last root without an end cannot be retired. */
export function retireRoot(bundle: TrustBundle, fingerprint256: string, retireAtMs: number): TrustBundle {
  const others = bundle.roots.filter((root) => root.fingerprint256 !== fingerprint256);
  if (others.length === bundle.roots.length) {
    throw new ServiceError('NOT_FOUND', 'ROOT_UNKNOWN', { message: 'no such root', data: { fingerprint256 } });
  }
  if (!others.some((root) => root.retireAtMs === undefined)) {
    throw new ServiceError('FAILED_PRECONDITION', 'LAST_ROOT', {
      message: 'add its successor before retiring the last root',
    });
  }
  const roots = bundle.roots.map((root) => (root.fingerprint256 === fingerprint256 ? { ...root, retireAtMs } : root));
  return { generation: bundle.generation + 1, roots };
}

/** Without the roots whose time is over; the same object when there are none. */
export function pruneBundle(bundle: TrustBundle, nowMs: number): TrustBundle {
  const roots = bundle.roots.filter((root) => root.retireAtMs === undefined || root.retireAtMs > nowMs);
  return roots.length === bundle.roots.length ? bundle : { generation: bundle.generation + 1, roots };
}

/** What TLS takes: every root, one PEM after the other. */
export function bundlePem(bundle: TrustBundle): string {
  return bundle.roots.map((root) => root.certificatePem).join('');
}
