import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const root = dirname(import.meta.dirname);
// `as`: the shape of a lockfile is npm's, and a wrong one fails the assertions below.
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, LockedPackage>>;
};

// `npm install` leaves out, without a word, a platform's package that the registry does not have; `npm ci` of npm 11 then
// refuses the whole lockfile, on every platform. Cure: pin the newest version whose packages are all there.
test('the lockfile has every platform package that its packages name', () => {
  const missing: string[] = [];
  let looked = 0;
  for (const [path, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const name of Object.keys(optionalDependencies)) {
      looked += 1;
      if (!isLocked(path, name)) missing.push(`${path || 'package.json'} needs ${name}`);
    }
  }
  expect(looked).toBeGreaterThan(10);
  expect(missing).toEqual([]);
});

/** Looks where Node would: in the package's own node_modules, then in that of each package around it. */
function isLocked(from: string, name: string): boolean {
  for (let folder = from; ; ) {
    if (lock.packages[folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`]) return true;
    if (folder === '') return false;
    folder = folder.includes('/node_modules/') ? folder.slice(0, folder.lastIndexOf('/node_modules/')) : '';
  }
}
