import { access, constants, readFile } from 'node:fs/promises';
import { ServerStartError } from '../errors.ts';
import type { Launch } from '../launch.ts';

/** `nobody`: there on every Linux, so that no user has to be added. initdb insists on a name for its uid. */
const nobodyUid = 65534;
const setprivPath = '/usr/bin/setpriv';

/** The uid PostgreSQL runs under when it may not run under ours; undefined when ours will do. */
export function findForeignUid(): number | undefined {
  return process.getuid?.() === 0 ? nobodyUid : undefined;
}

/**
 * PostgreSQL refuses to run as root. Started by root, it runs as `nobody` with one capability left, to pass the directories
 * above its own: those are root's and closed (mode 0700) — /root, a `mktemp -d`, and always our data directory, so that other
 * processes of `nobody` cannot look into it. `no_setuid_fixup` makes `access()`, which PostgreSQL asks about its own program
 * before it starts, count that capability too; without it the programs would have to be copied to a public place first.
 * The capability is worth as much as root to whoever runs code in the server, which is why nobody can log in as superuser.
 */
export async function asServerUser({ argv, env }: Launch): Promise<Launch> {
  const uid = findForeignUid();
  if (uid === undefined) return { argv, env };
  await access(setprivPath, constants.X_OK).catch((cause) => {
    const message = `PostgreSQL cannot run as root without ${setprivPath}; install util-linux, or start as an ordinary user.`;
    throw new ServerStartError('PROGRAM_MISSING', message, { cause });
  });
  assertCapable(await readFile('/proc/self/status', 'utf8').catch(() => ''));
  const drop = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--securebits=+no_setuid_fixup'];
  const keep = [
    '--inh-caps=-all,+dac_override',
    '--ambient-caps=-all,+dac_override',
    '--bounding-set=-all,+dac_override',
  ];
  return { argv: [setprivPath, ...drop, ...keep, ...argv], env };
}

/** What root needs for that, by bit: to give files away, to pass closed directories, to change user, to give up the rest. */
const needed = { chown: 0, dac_override: 1, setgid: 6, setuid: 7, setpcap: 8 } as const;

/**
 * Containers may take capabilities from root, and then the system's own messages do not say what to do.
 *
 * @param status text of `/proc/self/status`; nothing is checked where there is none
 * @throws ServerStartError `INIT_FAILED`
 */
export function assertCapable(status: string): void {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (effective === undefined) return;
  const bits = BigInt(`0x${effective}`);
  const missing = Object.entries(needed).filter(([, bit]) => ((bits >> BigInt(bit)) & 1n) === 0n);
  if (missing.length === 0) return;
  const names = missing.map(([name]) => `CAP_${name.toUpperCase()}`).join(', ');
  const message = `PostgreSQL cannot run as root without ${names}; start as an ordinary user, or give the container these.`;
  throw new ServerStartError('INIT_FAILED', message);
}
