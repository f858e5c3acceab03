import { FleetConfigError } from './mistakes.ts';

/** One listener that somebody in the fleet opens. */
export interface PortWish {
  /** Service or server that listens. */
  owner: string;
  /** What for: `grpc`, `operator`, `sql`, … Unique per owner. */
  purpose: string;
  /** Where it listens when no base is given. */
  defaultPort: number;
}

export interface PlannedPort extends PortWish {
  port: number;
}

/** Who listens where. Nothing outside the plan may assume a port. */
export interface PortPlan {
  readonly all: readonly PlannedPort[];
  /** Throws for a listener that is not planned: a mistake in our own code. */
  port(owner: string, purpose: string): number;
}

const highestPort = 65_535;
/** Below are ports that only root may open, and the well-known ones. */
const lowestBase = 1024;

/**
 * The wishes' defaults, or, with a base, consecutive ports from it in the order of the wishes, so that the same fleet gets
 * the same ports at every start. Throws `FleetConfigError` when the base leaves no room.
 */
export function planPorts(wishes: readonly PortWish[], base?: number): PortPlan {
  if (base !== undefined) assertBase(base, wishes.length);
  const all = wishes.map((wish, index) => ({ ...wish, port: base === undefined ? wish.defaultPort : base + index }));
  assertDistinct(all);
  const byKey = new Map(all.map((planned) => [`${planned.owner} ${planned.purpose}`, planned.port]));
  return {
    all,
    port(owner, purpose) {
      const port = byKey.get(`${owner} ${purpose}`);
      if (port === undefined) throw new Error(`no port is planned for ${owner} ${purpose}`);
      return port;
    },
  };
}

function assertBase(base: number, count: number): void {
  const highestBase = highestPort - count + 1;
  if (Number.isInteger(base) && base >= lowestBase && base <= highestBase) return;
  const message = `must be a whole number from ${lowestBase} to ${highestBase}, because the fleet takes ${count} ports from it upwards`;
  throw new FleetConfigError([{ subject: '--port-base', message }]);
}

function assertDistinct(all: readonly PlannedPort[]): void {
  const ownerOf = new Map<number, PlannedPort>();
  for (const planned of all) {
    const other = ownerOf.get(planned.port);
    if (other)
      throw new Error(
        `${planned.owner} ${planned.purpose} and ${other.owner} ${other.purpose} both want port ${planned.port}`,
      );
    ownerOf.set(planned.port, planned);
  }
}
