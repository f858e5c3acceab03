import { describe, expect, it } from 'vitest';
import { openTestSql, query, type ServerOf } from './fixture.ts';

/** What values look like on this side. */
export function describeValues(server: ServerOf): void {
  describe('values', () => {
    it.each([
      ['bigint, as a number', `9007199254740991::bigint`, 9007199254740991],
      ['a count, as a number', `count(*)`, 1],
      ['an array of bigint, as numbers', `array[1, null, 3]::bigint[]`, [1, null, 3]],
      ['an empty array of bigint', `array[]::bigint[]`, []],
      ['numeric, as a decimal string', `12345678901234567890.10::numeric`, '12345678901234567890.10'],
      ['timestamptz, as an instant', `timestamptz '2026-03-29 02:30:00+02'`, new Date('2026-03-29T00:30:00Z')],
      ['timestamp, read as UTC', `timestamp '2026-03-29 02:30:00.5'`, new Date('2026-03-29T02:30:00.500Z')],
      ['date, as text', `date '2026-03-29'`, '2026-03-29'],
      ['jsonb, parsed', `'{"a":[1]}'::jsonb`, { a: [1] }],
      ['bytea, as bytes', `'\\x00ff'::bytea`, Buffer.from([0, 255])],
      ['text beyond ASCII', `'żółć 🎥'`, 'żółć 🎥'],
      [
        'text in byte order',
        `array_agg(x order by x) from (values ('b'), ('a'), ('B'), ('é')) t(x)`,
        ['B', 'a', 'b', 'é'],
      ],
    ])('reads %s', async (_name, expression, expected) => {
      const store = await openTestSql(server());
      expect(
        await query(
          store,
          `select ${expression.includes(' from ') ? expression.replace(' from ', ' as v from ') : `${expression} as v`}`,
        ),
      ).toEqual([{ v: expected }]);
    });

    it('refuses a bigint that a number cannot hold', async () => {
      const store = await openTestSql(server());
      const failure = query(store, 'select 9007199254740992::bigint');
      await expect(failure).rejects.toMatchObject({ code: 'OUT_OF_RANGE', reason: 'INTEGER_TOO_LARGE' });
      await expect(query(store, 'select 1 as one')).resolves.toEqual([{ one: 1 }]);
    });

    it('keeps what goes in', async () => {
      const { db } = await openTestSql(server());
      await db.schema
        .createTable('kept')
        .addColumn('at', 'timestamptz')
        .addColumn('bytes', 'bytea')
        .addColumn('amount', 'numeric')
        .addColumn('size', 'bigint')
        .execute();
      const row = {
        at: new Date('2026-07-01T12:00:00.123Z'),
        bytes: Buffer.from([1, 2]),
        amount: '0.10',
        size: 2 ** 40,
      };
      await db.insertInto('kept').values(row).execute();
      expect(await db.selectFrom('kept').selectAll().execute()).toEqual([row]);
    });
  });
}
