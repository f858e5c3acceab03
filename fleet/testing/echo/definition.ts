import { createServer } from 'node:net';
import {
  type CommonConfig,
  type ConfigOf,
  createService,
  defineConfig,
  field,
  listen,
  type ServiceDefinition,
} from '@frameworks/kit';

const fields = {
  grpcAddress: field.hostPort({ doc: 'Where it listens.' }),
  databaseUrl: field.url({ schemes: ['postgres'], doc: 'A database.', secret: true }),
  startDelayMs: field.durationMs({ doc: 'How long the start takes.', default: 0, min: 0 }),
  failure: field.enum(['none', 'start', 'stop', 'hang'], { doc: 'What goes wrong.', default: 'none' }),
};

type EchoConfig = CommonConfig & ConfigOf<typeof fields>;

/** The smallest real service: a listener, a setting that delays the start, and ways to fail. For tests of the fleet itself. */
export function defineEcho(name: string, dependsOn: readonly string[]): ServiceDefinition<EchoConfig> {
  return {
    name,
    plane: 'control',
    dependsOn,
    config: defineConfig({ service: name, prefix: name.toUpperCase(), fields }),
    create: async (config, deps) =>
      createService({
        deps,
        stopTimeoutMs: config.stopTimeoutMs,
        start: async ({ clock, signal, onStop }) => {
          await clock.sleep(config.startDelayMs, signal);
          if (config.failure === 'start') throw new Error(`${name} was told to fail`);
          const server = createServer((socket) => {
            if (config.failure === 'hang') hang();
            socket.end(name);
          });
          const { port } = await listen(server, config.grpcAddress, 'echo');
          onStop('accept', 'listener', () => void server.close());
          if (config.failure === 'stop') onStop('drain', 'hang', () => new Promise(() => {}));
          return { grpc: `${config.grpcAddress.host}:${port}` };
        },
      }),
  };
}

/** The event loop never turns again: no signal, no end of a pipe, no timer is heard of. */
function hang(): never {
  for (;;);
}

export const alpha = defineEcho('alpha', []);
export const beta = defineEcho('beta', ['alpha']);
