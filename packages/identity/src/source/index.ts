export * from './certificate-source.ts';
export * from './renewing-source.ts';
