import type { HostPort } from '@frameworks/kit/config/address';
import { ServiceError } from '@frameworks/kit/errors';
import { createSilentLogger } from '@frameworks/kit/log';
import { createRpcClient, type RpcChannelOptions } from '@frameworks/kit/rpc/client';
import type { RpcGuard } from '@frameworks/kit/rpc/guard';
import type { CallContext, ServiceHandlers } from '@frameworks/kit/rpc/handlers';
import { createRpcServer, type RpcServer, type RpcServerOptions } from '@frameworks/kit/rpc/server';
import { Echo } from '@frameworks/kit/rpc/testing/echo_pb';
import { StaticCertificateSource } from '../source/certificate-source.ts';
import { findPeerIdentity } from '../spiffe.ts';
import { createTestAuthority, type TestAuthority, testServiceId } from '../testing.ts';

/** For tests of the transport only: every proven caller may do everything. */
export const openGuard: RpcGuard = {
  findPeer: findPeerIdentity,
  verifyActor: async () => {
    throw new ServiceError('UNAUTHENTICATED', 'ACTOR_TOKEN_INVALID', { message: 'no tokens here' });
  },
  authorize: () => ({ allow: true, boundToResource: false }),
  authorizeResource: () => ({ allow: true, boundToResource: false }),
};

export interface RecordedCall {
  method: string;
  context: CallContext;
}

type EchoHandlers = ServiceHandlers<typeof Echo>;

/** Echo, with a record of the calls that reached a handler; single handlers can be replaced. */
export function createEcho(overrides: Partial<EchoHandlers> = {}) {
  const calls: RecordedCall[] = [];
  const recording =
    <R, A>(handler: (request: R, context: CallContext) => A) =>
    (request: R, context: CallContext): A => {
      calls.push({ method: context.method, context });
      return handler(request, context);
    };
  const plain: EchoHandlers = {
    say: async ({ text }) => ({ text }),
    sayAgain: async ({ text }) => ({ text }),
    async *count({ text, times }) {
      for (let n = 0; n < times; n++) yield { text: `${text}${n}` };
    },
    async collect(requests) {
      const texts: string[] = [];
      for await (const { text } of requests) texts.push(text);
      return { text: texts.join(',') };
    },
    async *chat(requests) {
      for await (const { text } of requests) yield { text: `${text}!` };
    },
  };
  const chosen = { ...plain, ...overrides };
  const handlers: EchoHandlers = {
    say: recording(chosen.say),
    sayAgain: recording(chosen.sayAgain),
    count: recording(chosen.count),
    collect: recording(chosen.collect),
    chat: recording(chosen.chat),
  };
  return { calls, handlers };
}

export interface EchoFixture extends AsyncDisposable {
  authority: TestAuthority;
  serverSource: StaticCertificateSource;
  server: RpcServer;
  address: HostPort;
  calls: RecordedCall[];
  client(options?: Partial<RpcChannelOptions>): Promise<ReturnType<typeof createRpcClient<typeof Echo>>>;
}

export interface EchoFixtureOptions extends Partial<RpcServerOptions> {
  handlers?: Partial<EchoHandlers>;
  authority?: TestAuthority;
}

/** A server named `echo` on a port of its own, and clients named `caller`, all with certificates of one test CA. */
export async function startEcho({ handlers, ...options }: EchoFixtureOptions = {}): Promise<EchoFixture> {
  const authority = options.authority ?? (await createTestAuthority());
  const serverSource = new StaticCertificateSource(await authority.issue(testServiceId('echo')));
  const { calls, handlers: echo } = createEcho(handlers);
  const server = createRpcServer({
    address: { host: '127.0.0.1', port: 0 },
    credentials: serverSource,
    guard: openGuard,
    log: createSilentLogger(),
    ...options,
  }).add(Echo, echo);
  const address = await server.start();
  const closers: (() => void)[] = [];
  return {
    authority,
    serverSource,
    server,
    address,
    calls,
    async client(given = {}) {
      const credentials =
        given.credentials ?? new StaticCertificateSource(await authority.issue(testServiceId('caller')));
      const client = createRpcClient(Echo, { address, credentials, expectPeer: testServiceId('echo'), ...given });
      closers.push(() => client.close());
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const close of closers) close();
      await server.stop(0);
    },
  };
}
