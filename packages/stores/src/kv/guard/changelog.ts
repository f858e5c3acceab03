import { childController } from '@frameworks/std/abort';
import type { Changelog } from '../changelog.ts';
import * as check from '../requests.ts';
import type { Door } from './door.ts';

export function guardChangelog(door: Door, changelog: Changelog): Changelog {
  return {
    async append(change) {
      door.admit();
      check.checkChange(door.cell, change);
      return await changelog.append(change);
    },
    async snapshot() {
      door.admit();
      return await changelog.snapshot();
    },
    async read(position, options) {
      door.admit();
      const { limit, waitMs } = check.checkRead(position, options);
      using either = childController(door.closed, options.signal);
      return await changelog.read(position, { limit, waitMs, signal: either.signal });
    },
  };
}
