export * from './expect-peer.ts';
export { createRpcGuard } from './guard.ts';
