import { expect, test } from 'vitest';
import { Admission } from './admission.ts';

test('turns away what is too much at once, and lets in again what has ended, however it ended', async () => {
  const admission = new Admission(2);
  const releases: (() => void)[] = [];
  const hold = () => admission.run(() => new Promise<void>((resolve) => releases.push(resolve)));
  const held = [hold(), hold()];
  await expect(admission.run(async () => 'x')).rejects.toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'TOO_MANY_REQUESTS',
    retryable: true,
  });
  for (const release of releases) release();
  await Promise.all(held);
  await expect(admission.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  await expect(Promise.all([1, 2].map((n) => admission.run(async () => n)))).resolves.toEqual([1, 2]);
});
