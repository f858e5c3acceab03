import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir, withoutRoot } from '@frameworks/testkit';
import { expect, it } from 'vitest';
import { loadPassword, prepareDataDir } from './data-dir.ts';

const refused = { name: 'ServerStartError', reason: 'DATA_DIR_UNREADABLE' };

it('makes the directory, for its owner only, and gives its real path', async () => {
  const base = await tempDir();
  await mkdir(join(base, 'real'), { mode: 0o755 });
  await symlink(join(base, 'real'), join(base, 'link'));
  const dir = await prepareDataDir(join(base, 'link', 'a', 'b'), []);
  expect(dir).toBe(join(base, 'real', 'a', 'b'));
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
});

it('closes an existing one to others', async () => {
  const dir = await tempDir();
  await chmod(dir, 0o755);
  await prepareDataDir(dir, []);
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
});

it('refuses a directory of something else, and names what is in it', async () => {
  const dir = await tempDir();
  await writeFile(join(dir, 'thesis.txt'), '');
  await expect(prepareDataDir(dir, ['cluster'])).rejects.toMatchObject({
    ...refused,
    message: expect.stringContaining('thesis.txt'),
  });
});

it('refuses a file', async () => {
  const path = join(await tempDir(), 'file');
  await writeFile(path, '');
  await expect(prepareDataDir(path, [])).rejects.toMatchObject(refused);
});

it('refuses a directory of another user', async () => {
  await withoutRoot(() => expect(prepareDataDir('/usr', [])).rejects.toMatchObject(refused));
});

it('keeps one password, readable by its owner only', async () => {
  const dir = await tempDir();
  const password = await loadPassword(dir);
  expect(password).toMatch(/^[0-9a-f]{48}$/);
  expect(await loadPassword(dir)).toBe(password);
  expect((await readFile(join(dir, 'password'), 'utf8')).trim()).toBe(password);
  expect((await stat(join(dir, 'password'))).mode & 0o777).toBe(0o600);
});
