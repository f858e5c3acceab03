import type { Migration } from '@frameworks/stores/sql';
import { certificateAuthority } from './0001-certificate-authority.ts';

/** All of the schema `navigator`, in order. Released steps never change. */
export const migrations: readonly Migration[] = [certificateAuthority];
