import { runMain } from '@frameworks/kit';
import { quartermaster } from './quartermaster.ts';

await runMain(quartermaster);
