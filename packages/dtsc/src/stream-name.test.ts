import { describe, expect, it } from 'vitest';
import { formatGrantName, parseRequestedStream } from './stream-name.ts';

const handle = '0123456789abcdef0123456789abcdef';

describe('requested streams', () => {
  it.each(['live', 'live+0123', 'pull', 'pulled+x', '', `push+${handle}`])('%j is a name', (name) => {
    expect(parseRequestedStream(name)).toEqual({ kind: 'runtime', name });
  });

  it('are grants after pull+', () => {
    expect(parseRequestedStream(formatGrantName(handle))).toEqual({ kind: 'grant', handle });
  });

  it.each(['pull+', 'pull+x', `pull+${handle}0`, `pull+${handle.toUpperCase()}`, `PULL+${handle}`, `pull+${handle}\n`])(
    '%j is neither',
    (name) => {
      expect(parseRequestedStream(name)).toEqual({ kind: 'malformed-grant' });
    },
  );

  it('cannot be made of what is no handle', () => {
    expect(() => formatGrantName('x')).toThrow(RangeError);
  });
});
