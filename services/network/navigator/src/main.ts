import { runMain } from '@frameworks/kit';
import { navigator } from './navigator.ts';

await runMain(navigator);
