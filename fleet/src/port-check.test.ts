import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { FleetRefusedError } from './mistakes.ts';
import { assertPortsFree, findListener, isPortFree, loopback } from './port-check.ts';
import type { PlannedPort } from './ports.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(host: string): Promise<number> {
  const server = createServer();
  servers.push(server);
  server.listen(0, host);
  await once(server, 'listening');
  // `as`: a listening TCP server's address is never a string or null.
  return (server.address() as AddressInfo).port;
}

function planned(owner: string, port: number): PlannedPort {
  return { owner, purpose: 'grpc', defaultPort: port, port };
}

describe('assertPortsFree', () => {
  it('is content with free ports', async () => {
    const port = await listen(loopback);
    servers.pop()?.close();
    await expect.poll(async () => await isPortFree(port)).toBe(true);
    await assertPortsFree([planned('navigator', port)]);
  });

  it('says which port, who needs it, who has it and what to do', async () => {
    const port = await listen(loopback);
    const refusal = assertPortsFree([planned('navigator', port)]);
    await expect(refusal).rejects.toThrow(FleetRefusedError);
    await expect(refusal).rejects.toThrow(`port ${port}, which navigator needs for grpc, is taken by`);
    await expect(refusal).rejects.toThrow(/; stop that program or start with --port-base \d+\.$/);
  });

  it('names every taken port at once', async () => {
    const [a, b] = [await listen(loopback), await listen('0.0.0.0')];
    const refusal = assertPortsFree([planned('navigator', a), planned('quartermaster', b)]);
    const ports = `${a} (navigator grpc) and ${b} (quartermaster grpc)`;
    await expect(refusal).rejects.toThrow(`ports ${ports} are taken by `);
  });
});

describe.runIf(process.platform === 'linux')('findListener', () => {
  it.each([loopback, '0.0.0.0', '::'])('finds who listens on %s', async (host) => {
    const port = await listen(host);
    expect(findListener(port)?.pid).toBe(process.pid);
  });

  it('finds nobody on a free port', async () => {
    const port = await listen(loopback);
    const server = servers.pop();
    server?.close();
    await expect.poll(() => findListener(port)).toBeUndefined();
  });
});
