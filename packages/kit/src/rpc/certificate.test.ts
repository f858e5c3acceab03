import { describe, expect, it } from 'vitest';
import { findSpiffeUri } from './certificate.ts';

describe('findSpiffeUri', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['DNS:example.test', undefined],
    ['URI:spiffe://d/foghorn/a', 'spiffe://d/foghorn/a'],
    ['URI:spiffe://d/foghorn/a, DNS:localhost, IP Address:127.0.0.1', 'spiffe://d/foghorn/a'],
    ['DNS:localhost, URI:spiffe://d/foghorn/a', 'spiffe://d/foghorn/a'],
    ['URI:spiffe://d/foghorn/a, URI:spiffe://d/foghorn/b', undefined],
    ['DNS:"x, URI:spiffe://d/foghorn/a"', undefined],
    ['URI:"spiffe://d/foghorn/a\\u0000"', undefined],
    ['email:x URI:spiffe://d/foghorn/a', undefined],
  ])('%j → %j', (text, expected) => expect(findSpiffeUri(text)).toBe(expected));
});
