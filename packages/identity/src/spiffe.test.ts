import { describe, expect, it } from 'vitest';
import { findPeerIdentity, formatSpiffeId, parseSpiffeId } from './spiffe.ts';

describe('spiffe ids', () => {
  it.each([
    ['spiffe://example.org/control/commodore/a-1', 'service'],
    ['spiffe://example.org/foghorn/eu-1', 'foghorn'],
    ['spiffe://example.org/cluster/eu-west/node/edge-7', 'node'],
  ])('%s is a %s', (text, kind) => expect(parseSpiffeId(text).kind).toBe(kind));

  it.each([
    '',
    'spiffe://',
    'spiffe://example.org',
    'spiffe://example.org/',
    'spiffe://example.org/control',
    'spiffe://example.org/control/commodore',
    'spiffe://example.org/control/commodore/',
    'spiffe://example.org/control/commodore/a/b/c',
    'spiffe://example.org/cluster/eu/edge/a',
    'spiffe://example.org/cluster/eu/node/a/',
    'spiffe://example.org//foghorn/a',
    'SPIFFE://example.org/foghorn/a',
    'spiffe://Example.org/foghorn/a',
    'spiffe://example.org:443/foghorn/a',
    'spiffe://user@example.org/foghorn/a',
    'spiffe://example.org./foghorn/a',
    'spiffe://example.org/foghorn/A',
    'spiffe://example.org/foghorn/a?x=1',
    'spiffe://example.org/foghorn/a#x',
    'spiffe://example.org/foghorn/%61',
    'spiffe://example.org/foghorn/-a',
    'spiffe://example.org/foghorn/a-',
    'spiffe://example.org/foghorn/..',
    'spiffe://example.org/foghorn/a\n',
    ' spiffe://example.org/foghorn/a',
    `spiffe://example.org/foghorn/${'a'.repeat(64)}`,
    'https://example.org/foghorn/a',
  ])('refuses %j', (text) => {
    expect(findPeerIdentity(text)).toBeUndefined();
    expect(() => parseSpiffeId(text)).toThrow(expect.objectContaining({ reason: 'SPIFFE_ID_INVALID' }));
  });

  it('refuses to format parts that smuggle a separator', () => {
    expect(() => formatSpiffeId({ kind: 'foghorn', domain: 'example.org', instance: 'a/b' })).toThrow(
      'parts do not form',
    );
    expect(() => formatSpiffeId({ kind: 'node', domain: 'example.org', clusterId: '', nodeId: 'b' })).toThrow();
  });
});
