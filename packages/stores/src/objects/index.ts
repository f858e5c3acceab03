/** The objects seam: see `objects.ts` for what it promises. */
export type {
  ByteRange,
  GetOptions,
  ListOptions,
  ObjectBody,
  ObjectContent,
  ObjectInfo,
  ObjectPage,
  Objects,
  ObjectsOptions,
  PutOptions,
} from './objects.ts';
export { openObjects } from './open.ts';
export { assertObjectKey } from './requests.ts';
