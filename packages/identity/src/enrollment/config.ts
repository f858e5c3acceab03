import { field } from '@frameworks/kit/config';

/**
 * The settings by which a service gets its certificate from Navigator, for `defineConfig({ fields: { ...enrollmentFields(…) } })`.
 * Every service but Navigator has them, under its own prefix.
 *
 * @param defaultInstance the instance's name when nothing is said: `quartermaster-1`
 */
export function enrollmentFields(defaultInstance: string) {
  return {
    instance: field.slug({
      doc: 'Name of this instance; last part of its SPIFFE id. Unique per service.',
      default: defaultInstance,
    }),
    trustDomain: field.string({
      doc: 'SPIFFE trust domain of the platform, as Navigator has it.',
      pattern: /[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/,
      accepts: 'a DNS name in lower case',
    }),
    navigatorAddress: field.hostPort({
      doc: 'Where the certificate authority listens.',
      default: { host: '127.0.0.1', port: 18011 },
    }),
    trustBundleFile: field.string({
      doc: 'PEM file with the roots to trust before the first contact. Read again whenever a first certificate is needed.',
    }),
    joinTokenFile: field.string({
      doc: 'File with the join token of this instance. Read whenever a first certificate is needed; not needed while the kept one is good.',
      optional: true,
    }),
    identityDir: field.directory({
      doc: 'Where key and certificate are kept over restarts. Secret; used by this instance only.',
      write: true,
      create: true,
    }),
  } as const;
}
