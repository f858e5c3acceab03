export { quartermaster } from './quartermaster.ts';
