import { expect, it } from 'vitest';
import { assertCapable } from './server-user.ts';

it.each([
  ['all', 'CapEff:\t000001ffffffffff\n'],
  ["a container's usual ones", 'Name:\tnode\nCapEff:\t00000000a80425fb\nCapBnd:\t0\n'],
  ['not known on this system', ''],
])('is content when capabilities are %s', (_name, status) => {
  expect(() => assertCapable(status)).not.toThrow();
});

it('names what a container has taken away', () => {
  const status = 'CapEff:\t0000000000000003\n';
  expect(() => assertCapable(status)).toThrow(/without CAP_SETGID, CAP_SETUID, CAP_SETPCAP; start as an ordinary user/);
  expect(() => assertCapable('CapEff:\t0000000000000000\n')).toThrow(/CAP_CHOWN, CAP_DAC_OVERRIDE/);
});
