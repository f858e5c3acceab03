export * from './certificate-source.ts';
