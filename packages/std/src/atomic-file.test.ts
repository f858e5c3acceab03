import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeFileAtomically } from './atomic-file.ts';

/** What was synced, by path and in order; and what the next call of `fail` is told to do. */
const disk = vi.hoisted(() => ({ synced: [] as string[], failing: undefined as string | undefined }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const open: typeof real.open = async (path, ...rest) => {
    const file = await real.open(path, ...rest);
    const sync = file.sync.bind(file);
    file.sync = async () => {
      if (disk.failing !== undefined && String(path).endsWith(disk.failing)) throw new Error('disk full');
      disk.synced.push(String(path));
      await sync();
    };
    return file;
  };
  return { ...real, open };
});

describe('writeFileAtomically', () => {
  let dir: string;
  let path: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'atomic-'));
    path = join(dir, 'file');
    disk.synced.length = 0;
    disk.failing = undefined;
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('creates and replaces, text and bytes, leaving nothing else', async () => {
    await writeFileAtomically(path, 'first');
    expect(await readFile(path, 'utf8')).toBe('first');
    await writeFileAtomically(path, new Uint8Array([0xff, 0]));
    expect([...(await readFile(path))]).toEqual([0xff, 0]);
    expect(await readdir(dir)).toEqual(['file']);
  });

  it('syncs the content under its temporary name, then the directory', async () => {
    await writeFileAtomically(path, 'x');
    expect(disk.synced).toEqual([expect.stringMatching(/\/file\.[0-9a-f]{12}\.tmp$/), dir]);
  });

  it('has exactly the mode it is told, private by default, whatever was there and whatever the umask', async () => {
    await writeFile(path, 'open to all', { mode: 0o666 });
    const umask = process.umask(0o077);
    try {
      await writeFileAtomically(path, 'x');
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      await writeFileAtomically(path, 'x', { mode: 0o644 });
      expect((await stat(path)).mode & 0o777).toBe(0o644);
    } finally {
      process.umask(umask);
    }
  });

  it('replaces a link instead of writing through it', async () => {
    const target = join(dir, 'target');
    await writeFile(target, 'old');
    await symlink(target, path);
    await writeFileAtomically(path, 'new');
    expect((await lstat(path)).isSymbolicLink()).toBe(false);
    expect(await readFile(target, 'utf8')).toBe('old');
  });

  it('keeps the old content and leaves nothing when the disk takes no more', async () => {
    await writeFileAtomically(path, 'old');
    disk.failing = '.tmp';
    await expect(writeFileAtomically(path, 'new')).rejects.toThrow('disk full');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(dir)).toEqual(['file']);
  });

  it('says what is in the way, and leaves nothing', async () => {
    await mkdir(path);
    await expect(writeFileAtomically(path, 'x')).rejects.toMatchObject({
      code: expect.stringMatching(/EISDIR|ENOTEMPTY/),
    });
    await expect(writeFileAtomically(join(dir, 'none', 'file'), 'x')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(dir)).toEqual(['file']);
  });

  it('shows readers whole contents only, whoever writes', async () => {
    const contents = ['a', 'b', 'c'].map((letter) => letter.repeat(200_000));
    await writeFileAtomically(path, contents[0] ?? '');
    const writing = Promise.all(
      contents.map(async (content) => {
        for (let i = 0; i < 5; i++) await writeFileAtomically(path, content);
      }),
    );
    let done = false;
    void writing.finally(() => {
      done = true;
    });
    while (!done) expect(contents).toContain(await readFile(path, 'utf8'));
    await writing;
    expect(await readdir(dir)).toEqual(['file']);
  });
});
