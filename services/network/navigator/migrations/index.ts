import type { Migration } from '@frameworks/stores/sql/migrations/migration';
import { certificateAuthority } from './0001-certificate-authority.ts';
import { retention } from './0002-retention.ts';

/** All of the schema `navigator`, in order. Released steps never change. */
export const migrations: readonly Migration[] = [certificateAuthority, retention];
