import { createServer } from 'node:net';
import { createService, defineConfig, field, listen, runMain, ServiceError } from '../src/index.ts';

/** A small service whose behaviour is a setting, run as a real process by the tests of `runMain`. */
const config = defineConfig({
  service: 'sample',
  prefix: 'SAMPLE',
  fields: {
    mode: field.enum(['normal', 'fail', 'throw', 'reject', 'hang-stop', 'hang-start', 'bad-stop'], {
      doc: 'How to behave.',
      default: 'normal',
    }),
    databaseUrl: field.url({ doc: 'Where the data is.', schemes: ['postgres', 'postgresql'], optional: true }),
    dataDirectory: field.directory({ doc: 'Where files go.', optional: true }),
    address: field.hostPort({ doc: 'Where to listen.', default: { host: '127.0.0.1', port: 0 } }),
  },
});

await runMain({
  name: 'sample',
  plane: 'control',
  config,
  dependsOn: [],
  create: async ({ mode, address, stopTimeoutMs }, deps) =>
    createService({
      deps,
      stopTimeoutMs,
      start: async (scope) => {
        const server = createServer();
        const { port } = await listen(server, address, 'the sample service');
        scope.onStop('accept', 'listener', () => new Promise((resolve) => server.close(() => resolve())));
        if (mode === 'hang-start') {
          deps.log.info({ event: 'hanging' }, 'hanging');
          await new Promise(() => {});
        }
        if (mode === 'fail') {
          throw new ServiceError('UNAVAILABLE', 'DATABASE_UNREACHABLE', { message: 'no answer from 10.0.0.1:5432' });
        }
        if (mode === 'hang-stop') scope.onStop('drain', 'viewers', () => new Promise(() => {}));
        if (mode === 'bad-stop') scope.onStop('close', 'store', () => Promise.reject(new Error('disk full')));
        if (mode === 'throw') setImmediate(() => crash());
        if (mode === 'reject') setImmediate(() => void Promise.reject(new Error('nobody caught this')));
        return { tcp: `127.0.0.1:${port}` };
      },
    }),
});

function crash(): never {
  throw new Error('a bug');
}
