import { sql } from 'kysely';
import { enqueue, inTransaction, openSql } from '../index.ts';
import { quiet } from './quiet.ts';

/**
 * A writer without end: each transaction adds a row and a message, and its number is printed once the commit is acknowledged.
 * Ends when it is killed, or by itself when the server is gone.
 */
const [url = '', schema = '', first = '1'] = process.argv.slice(2);
const { db } = openSql(url, { schema, applicationName: 'writer', log: quiet });
for (let n = Number(first); ; n++) {
  await inTransaction(db, async (tx) => {
    await sql`insert into written (n) values (${n})`.execute(tx);
    await enqueue(tx, { id: String(n), topic: 'written', key: 'all', payload: Buffer.from(String(n)) });
  });
  process.stdout.write(`${n}\n`);
}
