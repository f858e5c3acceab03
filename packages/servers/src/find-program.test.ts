import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@frameworks/testkit';
import { expect, it } from 'vitest';
import { findProgram } from './find-program.ts';

/** A directory with a program that prints this version. */
async function installed(name: string, version: string): Promise<string> {
  const dir = await tempDir();
  await writeFile(join(dir, name), `#!/bin/sh\necho "${name} v=${version} (something 1.2.3)"\n`);
  await chmod(join(dir, name), 0o755);
  return dir;
}

it('finds nothing where nothing is', async () => {
  expect(await findProgram('redis-server', { searchPath: await tempDir() })).toBeUndefined();
});

it('takes the newest, wherever it is on the path', async () => {
  const dirs = [await installed('redis-server', '7.0.9'), await installed('redis-server', '7.0.15')];
  const found = await findProgram('redis-server', { searchPath: dirs.join(':') });
  expect(found).toEqual({ name: 'redis-server', path: join(dirs[1] ?? '', 'redis-server'), version: '7.0.15' });
});

it.each([
  ['redis-server', '6.2.7'],
  ['nats-server', '2.8.4'],
] as const)('does not count a %s that is too old', async (name, version) => {
  expect(await findProgram(name, { searchPath: await installed(name, version) })).toBeUndefined();
});

it('does not count what is no program', async () => {
  const dir = await installed('nats-server', '2.10.0');
  await chmod(join(dir, 'nats-server'), 0o644);
  expect(await findProgram('nats-server', { searchPath: dir })).toBeUndefined();
});

it('wants initdb beside postgres, and follows a link to where it is', async () => {
  const lonely = await installed('postgres', '16.3');
  const options = { searchPath: lonely, onlySearchPath: true };
  expect(await findProgram('postgres', options)).toBeUndefined();
  const home = join(await tempDir(), 'bin');
  await mkdir(home);
  const linked = await tempDir();
  for (const [name, version] of [
    ['postgres', '16.3'],
    ['initdb', '16.3'],
  ] as const) {
    await writeFile(join(home, name), `#!/bin/sh\necho "${name} (PostgreSQL) ${version}"\n`, { mode: 0o755 });
  }
  await symlink(join(home, 'postgres'), join(linked, 'postgres'));
  const found = await findProgram('postgres', { searchPath: linked, onlySearchPath: true });
  expect(found).toMatchObject({ path: join(home, 'postgres'), version: '16.3' });
});
