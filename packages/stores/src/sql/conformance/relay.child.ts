import { appendFile } from 'node:fs/promises';
import { deliverBatch, openSql } from '../index.ts';
import { quiet } from './quiet.ts';

/** A relay that notes each delivery in a file before it says that it was delivered, one message at a time, until it is killed. */
const [url = '', schema = '', file = ''] = process.argv.slice(2);
const { db } = openSql(url, { schema, applicationName: 'relay', log: quiet });
for (;;) {
  await deliverBatch(db, {
    batchSize: 10,
    deliver: async (batch) => {
      for (const { id } of batch) await appendFile(file, `${id}\n`);
      process.stdout.write('delivered\n');
      return batch.map(() => ({ ok: true }));
    },
  });
}
