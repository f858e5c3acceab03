import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { settle, tempDir } from '@frameworks/testkit';
import { describe, expect, test } from 'vitest';
import { rejectsWith } from '../../testing/rejects-with.ts';
import { objectsCases } from '../conformance/cases.ts';
import { CountingSource, readAll, runObjectsCase, text } from '../conformance/harness.ts';
import { fromFileSystem } from '../errors.ts';
import { openObjects } from '../open.ts';
import { crashBody } from './crash-body.ts';
import { pathOf } from './path.ts';

describe('objects conformance: file', () => {
  for (const objectsCase of objectsCases) {
    test(objectsCase.name, async () => {
      const dir = await tempDir();
      await runObjectsCase(objectsCase, { open: (options) => openObjects(`file:${dir}`, options) });
    });
  }
});

describe('file objects', () => {
  test('paths are readable where keys are, and never leave the root', () => {
    expect(pathOf('recordings/2030/a-b_c.mp4')).toBe('recordings/2030/a-b_c.mp4@');
    expect(pathOf('Ä/..x')).toBe('%c3%84/%2e.x@');
    expect(pathOf(`${'x'.repeat(64)}!y`)).toBe(`${'x'.repeat(64)}@-/%21y@`);
    expect(pathOf(`${'x'.repeat(64)}z`)).toBe(`${'x'.repeat(64)}@+/z@`);
    for (const name of pathOf('🚀'.repeat(200)).split('/')) expect(name.length).toBeLessThan(255);
  });

  test('state survives closing and opening, by either form of URL', async () => {
    const dir = await tempDir();
    const first = await openObjects(`file:${dir}/made/on demand`);
    await first.put('a', text('1'));
    await first.close();
    const second = await openObjects(`file://${dir}/made/on%20demand`);
    expect(await readAll(await second.get('a'))).toEqual(text('1'));
  });

  test.each(['', 'file:', 's3://bucket', '/tmp/x', 'file://host/x'])('the URL %j is refused by name', async (url) => {
    await rejectsWith('OBJECTS_INVALID_URL', () => openObjects(url));
  });

  test('what dead writers left is swept at open, what living ones write is not', async () => {
    const dir = await tempDir();
    const objects = await openObjects(`file:${dir}`);
    const child = spawn('/bin/true');
    await once(child, 'exit');
    await writeFile(join(dir, 'tmp', `${child.pid}-dead`), 'x');
    await writeFile(join(dir, 'tmp', 'nonsense'), 'x');
    // From an earlier life of a container, where every process has the same number.
    await writeFile(join(dir, 'tmp', `${process.pid}-earlier`), 'x');
    await writeFile(join(dir, 'tmp', `${process.ppid}-alive`), 'x');
    const source = new HangingSource();
    const putting = objects.put('a', source);
    await source.asked;
    await openObjects(`file:${dir}`);
    const left = await readdir(join(dir, 'tmp'));
    expect(left.map((name) => Number.parseInt(name, 10)).sort()).toEqual([process.pid, process.ppid].sort());
    source.end();
    await putting;
    expect(await readdir(join(dir, 'tmp'))).toEqual([`${process.ppid}-alive`]);
  });

  test('a put that fails leaves no temporary file', async () => {
    const dir = await tempDir();
    const objects = await openObjects(`file:${dir}`);
    const source = new CountingSource(Buffer.alloc(1000), 100);
    await rejectsWith('OBJECT_TOO_LARGE', () => objects.put('a', source, { maxBytes: 5000 }));
    await rejectsWith('OBJECT_CONDITION_FAILED', () => objects.put('a', text('x'), { ifMatch: 'y' }));
    expect(await readdir(join(dir, 'tmp'))).toEqual([]);
  });

  test('directories that became empty go with their last object', async () => {
    const dir = await tempDir();
    const objects = await openObjects(`file:${dir}`);
    await objects.put('a/b/c', text('x'));
    await objects.put('a/d', text('x'));
    await objects.delete('a/b/c');
    expect(await readdir(join(dir, 'objects', 'a'))).toEqual(['d@']);
    await objects.delete('a/d');
    expect(await readdir(join(dir, 'objects'))).toEqual([]);
  });

  test('a cut or foreign file is reported as damaged, and a foreign name is not listed', async () => {
    const dir = await tempDir();
    const objects = await openObjects(`file:${dir}`);
    await objects.put('a', text('some content'));
    await writeFile(join(dir, 'objects', 'README'), 'not ours');
    await mkdir(join(dir, 'objects', 'Not Ours'));
    expect((await objects.list()).objects.map(({ key }) => key)).toEqual(['a']);
    await truncate(join(dir, 'objects', 'a@'), 20);
    const error = await rejectsWith('OBJECT_DAMAGED', () => objects.get('a'));
    expect(error.code).toBe('DATA_LOSS');
  });

  test('reading ahead is bounded: an unread body costs no reads, an unread source is not pulled', async () => {
    const objects = await openObjects(`file:${await tempDir()}`);
    await objects.put('a', Buffer.alloc(5_000_000));
    const reader = (await objects.get('a')).body.getReader();
    const { value } = await reader.read();
    expect(value?.byteLength).toBeLessThanOrEqual(64 * 1024);
    await reader.cancel();
  });

  test('every finished, cancelled, aborted and failed read gives its file back', async () => {
    const objects = await openObjects(`file:${await tempDir()}`);
    await objects.put('a', Buffer.alloc(200_000));
    const before = (await readdir('/proc/self/fd').catch(() => [])).length;
    for (let n = 0; n < 20; n++) {
      await readAll(await objects.get('a'));
      await (await objects.get('a')).body.cancel();
      await rejectsWith('OBJECT_RANGE_NOT_SATISFIABLE', () => objects.get('a', { range: { start: 200_000 } }));
      const giveUp = new AbortController();
      await objects.get('a', { signal: giveUp.signal });
      giveUp.abort();
    }
    await settle(async () => (await readdir('/proc/self/fd').catch(() => [])).length <= before + 2);
  });

  test.each([
    ['ENOSPC', 'RESOURCE_EXHAUSTED', 'OBJECTS_DISK_FULL'],
    ['EDQUOT', 'RESOURCE_EXHAUSTED', 'OBJECTS_DISK_FULL'],
    ['EACCES', 'PERMISSION_DENIED', 'OBJECTS_PERMISSION'],
    ['EROFS', 'PERMISSION_DENIED', 'OBJECTS_PERMISSION'],
    ['EMFILE', 'UNAVAILABLE', 'OBJECTS_UNAVAILABLE'],
  ])('%s becomes %s %s', (code, expectedCode, reason) => {
    const error = fromFileSystem(Object.assign(new Error(code), { code, syscall: 'write' }));
    expect(error).toMatchObject({ code: expectedCode, reason });
  });
});

describe('file objects under kill −9', () => {
  test('every object is wholly one version, no older than acknowledged, and nothing else is left', {
    timeout: 60_000,
  }, async () => {
    const dir = await tempDir();
    let acknowledged = -1;
    for (let round = 0; round < 6; round++) {
      acknowledged = await writeUntilKilled(dir, acknowledged + 1, 2 + round * 3);
      const objects = await openObjects(`file:${dir}`);
      expect(await readdir(join(dir, 'tmp'))).toEqual([]);
      for (let slot = 0; slot < 3; slot++) await expectWhole(objects, slot, acknowledged);
      await objects.close();
    }
  });
});

/** An empty body that ends when told to. */
class HangingSource implements AsyncIterable<Uint8Array> {
  readonly #asked = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly asked = this.#asked.promise;
  readonly end = this.#ended.resolve;

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    this.#asked.resolve();
    await this.#ended.promise;
    yield new Uint8Array();
  }
}

/** Kills the writer without warning some time after its `acks`th acknowledgement. Resolves to the last acknowledged number. */
async function writeUntilKilled(dir: string, from: number, acks: number): Promise<number> {
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'crash-writer.ts'), dir, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(writer, 'exit');
  let last = from - 1;
  let count = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    last = Number(line);
    count += 1;
    if (count === acks) writer.kill('SIGKILL');
  }
  const [, signal] = await exited;
  expect(signal).toBe('SIGKILL');
  return last;
}

async function expectWhole(
  objects: Awaited<ReturnType<typeof openObjects>>,
  slot: number,
  acknowledged: number,
): Promise<void> {
  // The newest acknowledged number of this slot; the writer was killed at most one unacknowledged put later.
  const least = acknowledged - ((acknowledged - slot + 3) % 3);
  const info = await objects.head(`crash/${slot}`);
  if (least < 0 && info === undefined) return;
  const body = await readAll(await objects.get(`crash/${slot}`));
  const sequence = Number.parseInt(body.toString(), 10);
  expect(body.equals(crashBody(sequence))).toBe(true);
  expect(sequence % 3).toBe(slot);
  expect(sequence).toBeGreaterThanOrEqual(least);
}
