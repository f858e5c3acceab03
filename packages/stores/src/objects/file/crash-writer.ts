/** Run by `file.test.ts` as a process to be killed: puts objects one after another and says so after each. */
import { openObjects } from '../open.ts';
import { crashBody } from './crash-body.ts';

const [dir = '', from = '0'] = process.argv.slice(2);
const objects = await openObjects(`file:${dir}`);
for (let sequence = Number(from); ; sequence++) {
  await objects.put(`crash/${sequence % 3}`, crashBody(sequence));
  process.stdout.write(`${sequence}\n`);
}
