import { enrollmentFields } from '@frameworks/identity/enrollment/config';
import { type ConfigDefinition, defineConfig, field } from '@frameworks/kit/config';

export const quartermasterConfig = defineConfig({
  service: 'quartermaster',
  prefix: 'QUARTERMASTER',
  fields: {
    ...enrollmentFields('quartermaster-1'),
    grpcAddress: field.hostPort({
      doc: 'Where the registry listens for other services.',
      default: { host: '127.0.0.1', port: 19002 },
    }),
    databaseUrl: field.url({
      schemes: ['postgres', 'postgresql'],
      doc: 'PostgreSQL; the schema `quartermaster` is made in it. Every Quartermaster uses the same database.',
      secret: true,
    }),
    kvUrl: field.url({
      schemes: ['memory', 'redis'],
      doc: 'Key-value store by which Quartermasters agree on one that does the housekeeping.',
      secret: true,
    }),
    instanceLeaseMs: field.durationMs({
      doc: 'How long an instance counts as live after its last heartbeat; it sends one every third of this.',
      default: 15_000,
      min: 300,
      max: 600_000,
    }),
    instanceRetentionMs: field.durationMs({
      doc: 'How long instances that stopped or lapsed stay in the lists.',
      default: 24 * 3_600_000,
      min: 1_000,
    }),
    healthIntervalMs: field.durationMs({
      doc: 'How often the health of clusters is derived.',
      default: 2_000,
      min: 50,
      max: 60_000,
    }),
    leaderLeaseMs: field.durationMs({
      doc: 'Lease of the one Quartermaster that does the housekeeping; another takes over within this after a crash.',
      default: 15_000,
      min: 500,
      max: 600_000,
    }),
  },
});

export type QuartermasterConfig = typeof quartermasterConfig extends ConfigDefinition<infer C> ? C : never;
