export { authorize } from './authorize.ts';
export type { Grant, Rule, Scope } from './rule.ts';
export { authorizationTable } from './table.ts';
