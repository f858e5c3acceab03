export * from './authorization/index.ts';
export * from './ca/index.ts';
export * from './rpc/index.ts';
export * from './source/index.ts';
export * from './spiffe.ts';
export * from './tokens/index.ts';
