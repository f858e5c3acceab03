// `npm run setup:services`: installs the real servers that the conformance and fleet suites run on. Debian, as root; quick when
// all is there. Nothing is started and no cluster is created: suites start their own servers on their own data directories.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { findProgram } from './runner/skips.ts';

interface Package {
  readonly debian: string;
  readonly program: string;
  readonly folders: readonly string[];
  readonly neededFor: string;
}

const PACKAGES: readonly Package[] = [
  {
    debian: 'postgresql-15',
    program: 'postgres',
    folders: ['/usr/lib/postgresql/15/bin'],
    neededFor: 'sql stores, fleets with --processes',
  },
  {
    debian: 'redis-server',
    program: 'redis-server',
    folders: [],
    neededFor: 'key-value stores, fleets with --processes',
  },
  {
    debian: 'nats-server',
    program: 'nats-server',
    folders: ['/usr/sbin'],
    neededFor: 'log stores, fleets with --processes',
  },
];

/** Debian's packages ask this program before they start a daemon; 101 means "do not". */
const POLICY = '/usr/sbin/policy-rc.d';
const OWN_POLICY = '#!/bin/sh\n# Written by setup:services, removed when it ends.\nexit 101\n';
const KEPT_POLICY = `${POLICY}.kept-by-setup-services`;
/** Read by postgresql-common before it creates the cluster `main`, which would start with the machine. */
const CLUSTER_CONFIG = '/etc/postgresql-common/createcluster.d/frameworks-no-main.conf';

const missing = PACKAGES.filter((entry) => !locate(entry));
if (missing.length > 0) install(missing);
report();

function install(packages: readonly Package[]): void {
  const names = packages.map(({ debian }) => debian).join(' ');
  if (!isDebian())
    giveUp(
      `This installs packages on Debian only; here, install PostgreSQL 15, Redis 7 and NATS yourself (missing: ${names}).`,
    );
  if (process.getuid?.() !== 0)
    giveUp(`Run this as root, or have an administrator run: apt-get install --no-install-recommends ${names}`);
  console.log(`Installing ${names}`);
  const restore = forbidDaemons();
  try {
    apt('update');
    apt('install', '-y', '--no-install-recommends', ...packages.map(({ debian }) => debian));
  } finally {
    restore();
  }
}

/** Returns what puts the machine back as it was, also after a failure or a signal. */
function forbidDaemons(): () => void {
  // A policy of our own is left over from a run that was killed, and is not worth keeping.
  const foreign = existsSync(POLICY) && readFileSync(POLICY, 'utf8') !== OWN_POLICY;
  if (foreign && !existsSync(KEPT_POLICY)) renameSync(POLICY, KEPT_POLICY);
  writeFileSync(POLICY, OWN_POLICY, { mode: 0o755 });
  const ownConfig = !existsSync(CLUSTER_CONFIG);
  mkdirSync('/etc/postgresql-common/createcluster.d', { recursive: true });
  writeFileSync(CLUSTER_CONFIG, 'create_main_cluster = false\n');
  const restore = () => {
    if (existsSync(KEPT_POLICY)) renameSync(KEPT_POLICY, POLICY);
    else rmSync(POLICY, { force: true });
    if (ownConfig) rmSync(CLUSTER_CONFIG, { force: true });
  };
  // Signals reach apt too, as it is in the same process group; this process must only outlive it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  return restore;
}

function apt(...args: readonly string[]): void {
  const quiet = ['-o', 'Dpkg::Use-Pty=0', '-o', 'Acquire::Retries=3', '-qq'];
  const result = spawnSync('apt-get', [...quiet, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (result.status === 0) return;
  console.error(`${result.stdout}${result.stderr}`.split('\n').slice(-30).join('\n'));
  throw new Error(`apt-get ${args[0]} failed with ${result.status ?? result.signal}`);
}

function report(): void {
  for (const entry of PACKAGES)
    console.log(`${entry.program.padEnd(13)} ${describe(entry).padEnd(52)} ${entry.neededFor}`);
  if (PACKAGES.some((entry) => !locate(entry))) giveUp('A program is still missing after the install: see above.');
}

function describe(entry: Package): string {
  const path = locate(entry);
  if (path === undefined) return 'not found';
  const answer = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  const version = /\d+(\.\d+)+/.exec(answer.stdout ?? '')?.[0] ?? 'version unknown';
  return `${version.padEnd(8)} ${path}`;
}

function locate({ program, folders }: Package): string | undefined {
  return findProgram(program, folders);
}

function isDebian(): boolean {
  return existsSync('/etc/os-release') && /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));
}

function giveUp(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}
