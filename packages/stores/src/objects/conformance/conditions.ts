import assert from 'node:assert/strict';
import { rejectsWith } from '../../testing/rejects-with.ts';
import { type ObjectsCase, readText, text } from './harness.ts';

export const conditionCases: ObjectsCase[] = [
  {
    name: 'conditions: ifNoneMatch writes only what is not there',
    async run({ objects, other }) {
      const first = await objects.put('a', text('1'), { ifNoneMatch: '*' });
      const error = await rejectsWith('OBJECT_CONDITION_FAILED', () => other.put('a', text('2'), { ifNoneMatch: '*' }));
      assert.equal(error.data.etag, first.etag);
      assert.equal(await readText(objects, 'a'), '1');
      await objects.delete('a');
      await other.put('a', text('2'), { ifNoneMatch: '*' });
    },
  },
  {
    name: 'conditions: of many concurrent ifNoneMatch exactly one wins',
    async run({ objects, other }) {
      const puts = Array.from({ length: 20 }, (_, n) =>
        (n % 2 ? objects : other).put('a', text(String(n)), { ifNoneMatch: '*' }),
      );
      const results = await Promise.allSettled(puts);
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    },
  },
  {
    name: 'conditions: ifMatch writes only over the version it names',
    async run({ objects, other }) {
      await rejectsWith('OBJECT_CONDITION_FAILED', () => objects.put('a', text('1'), { ifMatch: 'none' }));
      const first = await objects.put('a', text('1'));
      const second = await other.put('a', text('2'), { ifMatch: first.etag });
      await rejectsWith('OBJECT_CONDITION_FAILED', () => objects.put('a', text('3'), { ifMatch: first.etag }));
      await objects.put('a', text('3'), { ifMatch: second.etag });
      assert.equal(await readText(objects, 'a'), '3');
    },
  },
  {
    name: 'conditions: concurrent ifMatch increments lose none',
    async run({ objects, other }) {
      await objects.put('n', text('0'));
      const increment = async (client: typeof objects): Promise<void> => {
        for (let attempt = 0; attempt < 100; attempt++) {
          const info = await client.head('n');
          const next = Number(await readText(client, 'n')) + 1;
          // Read apart from head: if they are of different versions the condition fails, as it must.
          const put = client.put('n', text(String(next)), { ifMatch: info?.etag ?? '' });
          if (
            await put.then(
              () => true,
              () => false,
            )
          )
            return;
        }
        assert.fail('no luck in 100 attempts');
      };
      await Promise.all(Array.from({ length: 6 }, (_, n) => increment(n % 2 ? objects : other)));
      assert.equal(await readText(objects, 'n'), '6');
    },
  },
  {
    name: 'conditions: both at once are refused',
    async run({ objects }) {
      const both = { ifMatch: 'x', ifNoneMatch: '*' } as const;
      await rejectsWith('OBJECTS_INVALID_CONDITION', () => objects.put('a', text('1'), both));
    },
  },
];
