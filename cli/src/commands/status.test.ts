import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { tempDir } from '@frameworks/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { createFakeIo } from '../../testing/fake-io.ts';
import { status } from './status.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(code: number, body: unknown): Promise<string> {
  const server = createServer((_, response) => response.writeHead(code).end(JSON.stringify(body)));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // `as`: a listening TCP server's address is never a string or null.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function writeFleet(urls: readonly string[], pid = process.pid): Promise<string> {
  const cwd = await tempDir();
  const services = urls.map((url, index) => ({ name: `service${index}`, instance: `service${index}-1`, pid: 7, url }));
  const stores = { postgres: 'postgres://x', redis: {} };
  mkdirSync(join(cwd, '.frameworks'));
  writeFileSync(
    join(cwd, '.frameworks', 'fleet.json'),
    JSON.stringify({ launcher: { pid, mode: 'embedded' }, services, stores }),
  );
  return cwd;
}

describe('status', () => {
  it('shows every service with the age of what it says', async () => {
    const cwd = await writeFleet([await listen(200, { ready: true, checks: [] })]);
    const io = createFakeIo({ cwd });
    expect(await status({}, io)).toBe(0);
    const text = io.lines.join('\n');
    expect(text).toMatch(new RegExp(`embedded, launcher pid ${process.pid}; addresses written .* ago`));
    expect(text).toMatch(/service0 +service0-1 +ready +7 +http:\/\/127\.0\.0\.1:\d+ +\d+ ms ago/);
  });

  it('says why a service is not ready, and ends with 1', async () => {
    const report = {
      ready: false,
      checks: [
        { name: 'database', ok: false, detail: 'refused' },
        { name: 'x', ok: true, detail: '' },
      ],
    };
    const cwd = await writeFleet([await listen(503, report), 'http://127.0.0.1:1']);
    const io = createFakeIo({ cwd });
    expect(await status({}, io)).toBe(1);
    const text = io.lines.join('\n');
    expect(text).toContain('not ready (database: refused)');
    expect(text).toContain('unreachable (');
  });

  it('finds the fleet from a directory below', async () => {
    const cwd = await writeFleet([]);
    mkdirSync(join(cwd, 'a', 'b'), { recursive: true });
    expect(await status({}, createFakeIo({ cwd: join(cwd, 'a', 'b') }))).toBe(0);
    expect(await status({ dataDir: '../.frameworks' }, createFakeIo({ cwd: join(cwd, 'a') }))).toBe(0);
  });

  it('says when nothing runs', async () => {
    const io = createFakeIo({ cwd: await tempDir() });
    expect(await status({ dataDir: 'data' }, io)).toBe(1);
    expect(io.errors).toEqual(['Nothing runs with the data in data; start it with frameworks up --data-dir data.']);
  });

  it('says when the file cannot be understood', async () => {
    const cwd = await writeFleet([]);
    writeFileSync(join(cwd, '.frameworks', 'fleet.json'), '{"launcher":');
    const io = createFakeIo({ cwd });
    expect(await status({}, io)).toBe(1);
    expect(io.errors).toEqual([expect.stringMatching(/^.*fleet\.json is not a fleet file of this version; /)]);
  });

  it('says when the launcher was killed', async () => {
    const io = createFakeIo({ cwd: await writeFleet([], 2 ** 22 + 1) });
    expect(await status({}, io)).toBe(1);
    expect(io.errors.join('\n')).toMatch(/Nothing runs: the launcher of .*fleet\.json \(pid 4194305\) was killed/);
  });
});
