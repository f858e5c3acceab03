export * from './actor-token.ts';
export * from './refresh.ts';
export * from './secret.ts';
export {
  generateTokenKey,
  maxUserTokenMs,
  type TokenKey,
  type UserClaims,
  type UserTokenOptions,
  UserTokens,
} from './user-token.ts';
