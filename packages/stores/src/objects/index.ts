/** The objects seam: see `objects.ts` for what it promises. */
export type * from './objects.ts';
export { openObjects } from './open.ts';
export { assertObjectKey } from './requests.ts';
