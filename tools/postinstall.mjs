// Runs at the end of `npm ci`, on whatever Node the machine has (20.19 or newer), with no dependencies: hence plain JavaScript.
//
// Everything after the install must run on the Node that package-lock.json pins. npm links it as node_modules/.bin/node, with
// two holes that this file closes: npm 10 drops the link when two packages in the lockfile declare that bin, and a pinned
// Node that is installed but cannot start here (another libc, an old kernel) would shadow one that can.
// Says nothing when all is well.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const REQUIRED_MAJOR = 24;

/** Restores the links below `<root>/node_modules/.bin`. Returns one sentence to show, or undefined when nothing needs saying. */
export function repairInstall(root, { platform, arch, ownVersion, canRun = startsUp }) {
  const bin = join(root, 'node_modules', '.bin');
  mkdirSync(bin, { recursive: true });
  link(join(root, 'cli', 'bin', 'frameworks'), join(bin, 'frameworks'));

  const pinned = join(root, 'node_modules', `node-${platform}-${arch}`, 'bin', 'node');
  if (existsSync(pinned) && canRun(pinned)) {
    link(pinned, join(bin, 'node'));
    return undefined;
  }
  rmSync(join(bin, 'node'), { force: true });
  const major = Number(ownVersion.replace(/^v/, '').split('.')[0]);
  if (major >= REQUIRED_MAJOR) return undefined;
  return `No Node ${REQUIRED_MAJOR} comes with this project for ${platform}-${arch} and yours is ${ownVersion}: install Node ${REQUIRED_MAJOR} or newer before you run anything here.`;
}

function link(target, path) {
  if (!existsSync(target) || pointsTo(path, target)) return;
  if (lstatSync(path, { throwIfNoEntry: false })) rmSync(path, { force: true });
  symlinkSync(relative(dirname(path), target), path);
}

function pointsTo(path, target) {
  return existsSync(path) && realpathSync(path) === realpathSync(target);
}

function startsUp(node) {
  return spawnSync(node, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

/** The machine's own Node: this script may already be running on the pinned one, which says nothing about a fallback. */
function ownVersion(root) {
  const bin = join(root, 'node_modules', '.bin');
  const path = (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => folder !== bin)
    .join(':');
  const answer = spawnSync('node', ['--version'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
    timeout: 20_000,
  });
  return answer.status === 0 ? answer.stdout.trim() : process.version;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const sentence = repairInstall(root, {
    platform: process.platform,
    arch: process.arch,
    ownVersion: ownVersion(root),
  });
  if (sentence) console.log(`\n${sentence}\n`);
}
