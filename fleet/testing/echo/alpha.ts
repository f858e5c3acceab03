import { runMain } from '@frameworks/kit';
import { alpha } from './definition.ts';

await runMain(alpha);
