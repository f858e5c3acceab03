import { isInstalled } from '@frameworks/testkit';
import { describe, it } from 'vitest';

const kinds = ['postgres', 'redis', 'nats'] as const;

/**
 * A group of tests on a fleet of processes, which needs the real servers. Without them the group is reported as skipped by name,
 * or with `REQUIRE_SERVICES=1` as failed.
 */
export function describeProcesses(name: string, define: () => void): void {
  const missing = kinds.filter((kind) => !isInstalled(kind));
  if (missing.length === 0) return void describe(name, define);
  const reason = `${missing.join(', ')} not installed: npm run setup:services`;
  if (process.env.REQUIRE_SERVICES !== '1') {
    describe.skip(`${name} skipped: ${reason}`, () => it('needs its servers', () => undefined));
    return;
  }
  describe(name, () => {
    it('has the servers it needs', () => {
      throw new Error(reason);
    });
  });
}
