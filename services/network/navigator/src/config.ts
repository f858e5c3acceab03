import { type ConfigValue, defineConfig, field } from '@frameworks/kit/config';
import { listLifetimeMistakes } from './lifetimes.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export const navigatorConfig = defineConfig({
  service: 'navigator',
  prefix: 'NAVIGATOR',
  fields: {
    instance: field.slug({
      doc: 'Name of this instance; part of its certificate and of its metrics.',
      default: 'navigator-1',
    }),
    grpcAddress: field.hostPort({
      doc: 'Where the certificate authority listens. Takes callers without a certificate and serves those only joining and the trust bundle.',
      default: { host: '127.0.0.1', port: 18011 },
    }),
    databaseUrl: field.url({
      schemes: ['postgres', 'postgresql'],
      doc: 'PostgreSQL; the schema `navigator` is made in it. Every Navigator of one trust domain uses the same database.',
      secret: true,
    }),
    trustDomain: field.string({
      doc: 'SPIFFE trust domain of this platform. Cannot change once the root exists.',
      pattern: /[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/,
      accepts: 'a DNS name in lower case',
    }),
    caSecretFile: field.string({
      doc: 'File with at least 32 bytes that encrypt the CA keys in the database. Keep a copy elsewhere: without it the CA cannot start again.',
    }),
    joinTokensFile: field.string({
      doc: 'JSON file with join tokens made elsewhere (launcher, provisioner): [{"spiffeId", "sha256", "expiresAt"}]. Read at start and whenever it changes.',
      optional: true,
    }),
    trustBundleFile: field.string({
      doc: 'Where to publish the trusted roots as PEM for others on this host. Replaced atomically with every change.',
      optional: true,
    }),
    quartermasterAddress: field.hostPort({
      doc: 'Where the registry listens, to be listed there. Nothing here waits for it.',
      optional: true,
    }),
    serviceLeafTtlMs: field.durationMs({
      doc: 'Lifetime of service and Foghorn certificates.',
      default: 72 * hourMs,
      min: 1_000,
    }),
    nodeLeafTtlMs: field.durationMs({ doc: 'Lifetime of edge node certificates.', default: 30 * dayMs, min: 1_000 }),
    intermediateTtlMs: field.durationMs({
      doc: 'Lifetime of an intermediate; replaced at half. At least twice the longest certificate.',
      default: 180 * dayMs,
      min: 2_000,
    }),
    rootTtlMs: field.durationMs({
      doc: 'Lifetime of a root; its successor is made and trusted at half. At least twice an intermediate and the longest certificate together.',
      default: 3_650 * dayMs,
      min: 4_000,
    }),
    retentionMs: field.durationMs({
      doc: 'How long records of certificates and join tokens are kept after their end.',
      default: 30 * dayMs,
      min: minuteMs,
    }),
    reconcileIntervalMs: field.durationMs({
      doc: 'How often the authorities are looked at: rotations and changes by another Navigator are noticed within this time.',
      default: 10_000,
      min: 50,
      max: hourMs,
    }),
    joinTokensIntervalMs: field.durationMs({
      doc: 'How often the join token file is looked at.',
      default: 1_000,
      min: 20,
      max: minuteMs,
    }),
  },
  check: listLifetimeMistakes,
});

export type NavigatorConfig = ConfigValue<typeof navigatorConfig>;
