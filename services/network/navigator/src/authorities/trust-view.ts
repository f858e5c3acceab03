import { X509Certificate } from 'node:crypto';
import type { StoredSnapshot } from './authority-reconciler.ts';
import type { StoredAuthority } from './authority-store.ts';

/** One generation of the trust bundle, ready to be sent. */
export interface PublishedBundle {
  readonly generation: number;
  readonly trustDomain: string;
  readonly createdUnixMs: number;
  readonly roots: readonly PublishedAuthority[];
  readonly intermediates: readonly PublishedAuthority[];
}

export interface PublishedAuthority {
  readonly id: string;
  readonly pem: string;
  readonly der: Uint8Array;
}

/** The bundle as published, whichever Navigator answers. Undefined before the first. */
export function toPublishedBundle(
  { authorities, bundle }: StoredSnapshot,
  trustDomain: string,
): PublishedBundle | undefined {
  if (!bundle) return undefined;
  const byId = new Map(authorities.map((authority) => [authority.id, authority]));
  const pick = (ids: readonly string[]) => ids.flatMap((id) => toPublished(byId.get(id)));
  return {
    generation: bundle.generation,
    createdUnixMs: bundle.createdUnixMs,
    trustDomain,
    roots: pick(bundle.rootIds),
    intermediates: pick(bundle.intermediateIds),
  };
}

/** What TLS takes. */
export function toBundlePem(bundle: PublishedBundle): string {
  return bundle.roots.map((root) => root.pem).join('');
}

function toPublished(authority: StoredAuthority | undefined): PublishedAuthority[] {
  if (!authority) return [];
  const der = new Uint8Array(new X509Certificate(authority.certificatePem).raw);
  return [{ id: authority.id, pem: authority.certificatePem, der }];
}
