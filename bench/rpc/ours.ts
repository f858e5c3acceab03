import { authorize, type Rule } from '@frameworks/identity/authorization';
import { createRpcGuard } from '@frameworks/identity/rpc';
import { StaticCertificateSource } from '@frameworks/identity/source/certificate-source';
import { createLogger } from '@frameworks/kit/log';
import { createMetrics } from '@frameworks/kit/metrics';
import { createRpcClient, createRpcServer } from '@frameworks/kit/rpc';
import { Echo } from '@frameworks/kit/rpc/testing/echo_pb';
import { systemClock } from '@frameworks/std';
import { type Contestant, deadlineMs, type Material } from './contestant.ts';

const everyService: Rule = [{ who: 'service', names: [], scope: 'any' }];
const table = new Map(Echo.methods.map(({ name }) => [`${Echo.typeName}/${name}`, everyService]));

/** The RPC layer as services use it: identity, authorization by table, deadlines, typed errors, metrics on both sides. */
export async function startOurs(server: Material, caller: Material): Promise<Contestant> {
  const [serverSource, callerSource] = [new StaticCertificateSource(server), new StaticCertificateSource(caller)];
  const guard = {
    ...createRpcGuard({ source: serverSource, clock: systemClock }),
    authorize: (method: string, by: Parameters<typeof authorize>[1]) => authorize(method, by, { table }),
  };
  const rpc = createRpcServer({
    address: { host: '127.0.0.1', port: 0 },
    credentials: serverSource,
    guard,
    log: createLogger({ service: 'bench', instance: 'a', level: 'error' }),
    metrics: createMetrics({ service: 'bench' }),
  }).add(Echo, {
    say: async ({ text }) => ({ text }),
    sayAgain: async ({ text }) => ({ text }),
    async *count() {},
    collect: async () => ({}),
    async *chat(requests) {
      for await (const { text } of requests) yield { text };
    },
  });
  const address = await rpc.start();
  const client = createRpcClient(Echo, {
    address,
    credentials: callerSource,
    expectPeer: serverSource.current()?.spiffeId ?? '',
    deadlineMs,
    metrics: createMetrics({ service: 'bench-client' }),
  });
  return {
    name: 'ours',
    say: async (text) => void (await client.say({ text })),
    async chat(text, running) {
      async function* requests() {
        while (running()) yield { text };
      }
      let answers = 0;
      for await (const _ of client.chat(requests())) answers++;
      return answers;
    },
    async close() {
      client.close();
      await rpc.stop(0);
    },
  };
}
