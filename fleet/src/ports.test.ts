import { describe, expect, it } from 'vitest';
import { FleetConfigError } from './mistakes.ts';
import { type PortWish, planPorts } from './ports.ts';

const wishes: PortWish[] = [
  { owner: 'navigator', purpose: 'grpc', defaultPort: 18011 },
  { owner: 'navigator', purpose: 'operator', defaultPort: 28011 },
  { owner: 'postgres', purpose: 'sql', defaultPort: 15432 },
];

describe('planPorts', () => {
  it('takes the defaults without a base', () => {
    const plan = planPorts(wishes);
    expect(plan.port('navigator', 'grpc')).toBe(18011);
    expect(plan.port('postgres', 'sql')).toBe(15432);
  });

  it('takes everything from the base upwards', () => {
    expect(planPorts(wishes, 21000).all.map((planned) => planned.port)).toEqual([21000, 21001, 21002]);
  });

  it.each([0, 80, 1023, 65_534, 70_000, -1, 1.5, Number.NaN])('refuses the base %s and says the range', (base) => {
    expect(() => planPorts(wishes, base)).toThrow(FleetConfigError);
    expect(() => planPorts(wishes, base)).toThrow('from 1024 to 65533');
  });

  it.each([1024, 65_533])('takes the base %s', (base) => {
    expect(planPorts(wishes, base).all).toHaveLength(3);
  });

  it('throws for a listener that nobody planned', () => {
    expect(() => planPorts(wishes).port('navigator', 'rtmp')).toThrow('no port is planned for navigator rtmp');
  });

  it('refuses two defaults on one port', () => {
    const clash = { owner: 'other', purpose: 'grpc', defaultPort: 18011 };
    expect(() => planPorts([...wishes, clash])).toThrow('other grpc and navigator grpc both want port 18011');
  });
});
