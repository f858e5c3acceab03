import { join, resolve } from 'node:path';
import type { FleetMode } from './fleet-file.ts';

/**
 * Where things are below a data directory. The two modes keep their state apart: their PostgreSQL is not the same version, so one
 * could not read what the other wrote.
 */
export function layOut(dataDir: string, mode: FleetMode) {
  const root = resolve(dataDir);
  const state = join(root, mode);
  const credentials = join(state, 'credentials');
  return {
    /** Pids of the children, for the next launcher. */
    childrenFile: join(root, 'children.json'),
    pidFile: (service: string) => join(state, `${service}.pid`),
    logs: join(root, 'logs'),
    state,
    credentials,
    caSecretFile: join(credentials, 'ca-secret'),
    joinTokensFile: join(credentials, 'join-tokens.json'),
    trustBundleFile: join(credentials, 'trust-bundle.pem'),
    joinTokenFile: (service: string) => join(credentials, `${service}.join-token`),
    identityDir: (service: string) => join(credentials, service),
    server: (name: string) => join(state, name),
  };
}

export type Layout = ReturnType<typeof layOut>;
