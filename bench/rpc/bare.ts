import { once } from 'node:events';
import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { EchoRequestSchema, EchoResponseSchema } from '@frameworks/kit/rpc/testing/echo_pb';
import {
  ChannelCredentials,
  Client,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js';
import { type Contestant, deadlineMs, type Material } from './contestant.ts';

type Request = MessageShape<typeof EchoRequestSchema>;
type Response = MessageShape<typeof EchoResponseSchema>;

const say = '/frameworks.testing.v1.Echo/Say';
const chat = '/frameworks.testing.v1.Echo/Chat';
const codec = <S extends DescMessage>(schema: S) => ({
  serialize: (message: MessageShape<S>) => Buffer.from(toBinary(schema, message)),
  deserialize: (bytes: Buffer) => fromBinary(schema, bytes),
});
const [request, response] = [codec(EchoRequestSchema), codec(EchoResponseSchema)];
const definition = (path: string, streams: boolean) => ({
  path,
  requestStream: streams,
  responseStream: streams,
  requestSerialize: request.serialize,
  requestDeserialize: request.deserialize,
  responseSerialize: response.serialize,
  responseDeserialize: response.deserialize,
});

const answer = (text: string): Response => create(EchoResponseSchema, { text });
const onSay: handleUnaryCall<Request, Response> = (call, done) => done(null, answer(call.request.text));
const onChat: handleBidiStreamingCall<Request, Response> = (call) => {
  call.on('data', ({ text }: Request) => {
    if (!call.write(answer(text))) {
      call.pause();
      call.once('drain', () => call.resume());
    }
  });
  call.on('end', () => call.end());
};

/** grpc-js with protobuf-es and nothing else: mutual TLS, a deadline, no identity, authorization, metrics or typed errors. */
export async function startBare(server: Material, caller: Material): Promise<Contestant> {
  const grpc = new Server({ 'grpc.enable_channelz': 0 });
  grpc.addService({ say: definition(say, false), chat: definition(chat, true) }, { say: onSay, chat: onChat });
  const pair = { cert_chain: Buffer.from(server.certificateChainPem), private_key: Buffer.from(server.privateKeyPem) };
  const credentials = ServerCredentials.createSsl(Buffer.from(server.trustBundlePem), [pair], true);
  const port = await new Promise<number>((resolve, reject) =>
    grpc.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  const [ca, key, chain] = [caller.trustBundlePem, caller.privateKeyPem, caller.certificateChainPem].map(Buffer.from);
  const trust = ChannelCredentials.createSsl(ca, key, chain, { checkServerIdentity: () => undefined });
  const client = new Client(`127.0.0.1:${port}`, trust, {
    'grpc.ssl_target_name_override': 'frameworks.internal',
    'grpc.enable_channelz': 0,
  });
  return {
    name: 'bare grpc-js',
    say: (text) =>
      new Promise((resolve, reject) => {
        const message = create(EchoRequestSchema, { text });
        const options = { deadline: Date.now() + deadlineMs };
        client.makeUnaryRequest(say, request.serialize, response.deserialize, message, options, (error) =>
          error ? reject(error) : resolve(),
        );
      }),
    async chat(text, running) {
      const call = client.makeBidiStreamRequest(chat, request.serialize, response.deserialize);
      let answers = 0;
      call.on('data', () => answers++);
      const ended = once(call, 'end');
      while (running()) if (!call.write(create(EchoRequestSchema, { text }))) await once(call, 'drain');
      call.end();
      await ended;
      return answers;
    },
    async close() {
      client.close();
      grpc.forceShutdown();
    },
  };
}
