import { describeWith } from '@frameworks/testkit';
import { afterAll, beforeAll, test } from 'vitest';
import { kvCases } from '../conformance/cases.ts';
import { runKvCase } from '../conformance/harness.ts';
import { type RedisHarness, redisHarness } from './test-harness.ts';

describeWith('redis', 'kv conformance', (server) => {
  let harness: RedisHarness;
  beforeAll(() => {
    harness = redisHarness(server().url);
  });
  afterAll(() => harness.close());

  for (const kvCase of kvCases) test(kvCase.name, () => runKvCase(kvCase, harness));
});
