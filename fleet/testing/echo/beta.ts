import { runMain } from '@frameworks/kit';
import { beta } from './definition.ts';

await runMain(beta);
