export { type Authority, type AuthorityOptions, createIntermediate, createRoot } from './authority.ts';
export * from './bundle.ts';
export * from './csr.ts';
export * from './issue.ts';
export { exportPrivateKeyPem, generateKeyPair, importKeyPair, type KeyPair } from './keys.ts';
export * from './pem.ts';
export * from './seal.ts';
export * from './verify.ts';
