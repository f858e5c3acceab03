import { connect } from 'node:net';
import { systemClock } from '@frameworks/std';
import { afterEach, describe, expect, it } from 'vitest';
import type { HealthReport } from './health.ts';
import { createMetrics } from './metrics.ts';
import { type OperatorHttp, startOperatorHttp } from './operator-http.ts';

const loopback = { host: '127.0.0.1', port: 0 };
let running: OperatorHttp | undefined;

afterEach(() => running?.stop(0));

async function start(report: () => Promise<HealthReport> = async () => ({ ready: true, checks: [] })): Promise<string> {
  const metrics = createMetrics({ service: 's' });
  metrics.gauge({ name: 'frameworks_x', help: 'x' }).set(7);
  running = await startOperatorHttp({
    address: loopback,
    clock: systemClock,
    health: report,
    metrics,
    pages: { '/loops': () => [{ name: 'sweep' }] },
  });
  return running.address;
}

/** Sends bytes as they are and gives everything that comes back until the end. */
function raw(address: string, bytes: string | Buffer): Promise<string> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), host, () => socket.write(bytes));
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer)).on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
  });
}

describe('operator HTTP', () => {
  it('answers probes, scrapes and pages', async () => {
    let ready = false;
    const address = await start(async () => ({ ready, checks: [{ name: 'store', ok: ready, detail: '' }] }));
    const get = (path: string, init?: RequestInit) => fetch(`http://${address}${path}`, init);
    expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 503]);
    ready = true;
    const readyz = await get('/readyz?verbose');
    expect([readyz.status, await readyz.json()]).toEqual([
      200,
      { ready: true, checks: [{ name: 'store', ok: true, detail: '' }] },
    ]);
    expect(await (await get('/metrics')).text()).toContain('frameworks_x{service="s",instance="s"} 7');
    expect(await (await get('/loops')).json()).toEqual([{ name: 'sweep' }]);
    const head = await get('/healthz', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it.each([
    ['/nothing', undefined, 404],
    ['/constructor', undefined, 404],
    ['/healthz', { method: 'POST', body: 'x' }, 405],
    ['/healthz', { method: 'DELETE' }, 405],
  ])('%s %j is %d', async (path, init, status) => {
    expect((await fetch(`http://${await start()}${path}`, init)).status).toBe(status);
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['TLS', Buffer.from('160301020001', 'hex'), 400],
    ['a body', 'GET /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello', 413],
    ['too much header', `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 400],
    ['two lengths', 'GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
  ])('refuses %s', async (_what, bytes, status) => {
    expect(await raw(await start(), bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('answers 500 when the report itself fails', async () => {
    const response = await fetch(`http://${await start(() => Promise.reject(new Error('bug')))}/readyz`);
    expect(response.status).toBe(500);
  });

  it('explains in one sentence why it cannot listen', async () => {
    const address = await start();
    const port = Number(address.split(':')[1]);
    const again = startOperatorHttp({
      address: { host: '127.0.0.1', port },
      clock: systemClock,
      health: async () => ({ ready: true, checks: [] }),
      metrics: createMetrics({ service: 's' }),
    });
    await expect(again).rejects.toMatchObject({
      reason: 'ADDRESS_IN_USE',
      message: `${address} is in use by another program; stop it or choose another address for operator HTTP`,
    });
  });

  it('stops with idle and busy connections open', async () => {
    const address = await start(() => new Promise(() => {}));
    const ended = [raw(address, ''), raw(address, 'GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n')];
    const busy = fetch(`http://${address}/readyz`).catch(() => 'cut off');
    await fetch(`http://${address}/healthz`);
    await running?.stop(50);
    expect(await busy).toBe('cut off');
    await Promise.allSettled(ended);
    await expect(fetch(`http://${address}/healthz`)).rejects.toThrow();
    await running?.stop();
  });
});
