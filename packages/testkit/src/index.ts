/** What tests share. Never imported by `src` of any other package. */
export { describeNeeding, describeWith, isInstalled, type ServiceKind, startService } from './describe-with.ts';
export { claimPortBlock, freePort, type PortBlock } from './ports.ts';
export { expectNoProcessLeft } from './processes.ts';
export { type SettleOptions, settle } from './settle.ts';
export { makeTempDir, removeDir, tempDir } from './temp-dir.ts';
export { withoutRoot } from './without-root.ts';
