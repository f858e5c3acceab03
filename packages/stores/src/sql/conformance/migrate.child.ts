import { migrate, openSql } from '../index.ts';
import { quiet } from './quiet.ts';
import { sharedMigrations } from './shared-migrations.ts';

/** A process that migrates, and sends its parent the ids of the steps it ran. */
const [url = '', schema = ''] = process.argv.slice(2);
const store = openSql(url, { schema, applicationName: 'migrate', log: quiet });
const applied = await migrate(store, sharedMigrations, { log: quiet });
await store.close();
process.send?.(applied, () => process.disconnect());
