import { readFileSync } from 'node:fs';
import { createSilentLogger } from '@frameworks/kit';
import { openSql } from '@frameworks/stores/sql';
import { settle, tempDir } from '@frameworks/testkit';
import { describe, expect, it } from 'vitest';
import { describeProcesses } from '../testing/describe-processes.ts';
import { TestFleet } from '../testing/test-fleet.ts';
import type { FleetMode } from './fleet-file.ts';
import { layOut } from './layout.ts';

/** What must survive: the root of all certificates, and what the registry knows. */
async function readState(fleet: TestFleet, mode: FleetMode) {
  const root = readFileSync(layOut(fleet.dataDir, mode).trustBundleFile, 'utf8');
  const sql = openSql<{ instances: { service: string; instance_id: string } }>(fleet.describe().stores.postgres, {
    schema: 'quartermaster',
    applicationName: 'test',
    log: createSilentLogger(),
  });
  try {
    const instances = await settle(
      async () => {
        const rows = await sql.db.selectFrom('instances').select(['service', 'instance_id']).execute();
        return rows.length === 2 && rows.map(({ service, instance_id }) => `${service} ${instance_id}`).sort();
      },
      { timeoutMs: 10_000, describe: 'registered instances' },
    );
    return { root, instances };
  } finally {
    await sql.close();
  }
}

/** Two starts on one data directory, by the real services. */
async function expectStateKept(mode: FleetMode): Promise<void> {
  const dataDir = await tempDir();
  const states = [];
  for (let round = 0; round < 2; round++) {
    await using fleet = await TestFleet.start({ mode, dataDir, keepData: true });
    states.push(await readState(fleet, mode));
  }
  expect(states[0]?.root).toContain('BEGIN CERTIFICATE');
  expect(states[0]?.instances).toEqual(['navigator navigator-1', 'quartermaster quartermaster-1']);
  expect(states[1]).toEqual(states[0]);
}

describe('the whole fleet in one process', () => {
  it('keeps root and registry over a restart', async () => {
    await expectStateKept('embedded');
  }, 120_000);
});

describeProcesses('the whole fleet in processes', () => {
  it('keeps root and registry over a restart', async () => {
    await expectStateKept('processes');
  }, 120_000);

  it('gives a restarted service its certificate again', async () => {
    const restarted: string[] = [];
    await using fleet = await TestFleet.start({
      mode: 'processes',
      onEvent: (event) => {
        if (event.type === 'restarted') restarted.push(event.name);
      },
    });
    for (const name of ['quartermaster', 'navigator']) {
      process.kill(fleet.pidOf(name) ?? 0, 'SIGKILL');
      await settle(() => restarted.includes(name), { timeoutMs: 15_000, describe: `${name} is ready again` });
    }
  }, 120_000);
});
