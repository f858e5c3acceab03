import { existsSync } from 'node:fs';
import { resolve as resolvePath, sep } from 'node:path';
import { type DirectoryProbe, formatHostPort, probeDirectory } from '@frameworks/kit';
import type { Clock } from '@frameworks/std';
import { endLeftovers } from './child-records.ts';
import { DataDirectory } from './data-directory.ts';
import { listLauncherMistakes, type ResolvedService, resolveService } from './environment.ts';
import { type FleetMode, removeFleetFile } from './fleet-file.ts';
import { type Layout, layOut } from './layout.ts';
import { FleetConfigError, type Mistake } from './mistakes.ts';
import type { FleetOptions, FleetTuning } from './options.ts';
import { startOrder } from './order.ts';
import { assertPortsFree, loopback } from './port-check.ts';
import { type PortPlan, planPorts } from './ports.ts';
import { type FleetService, listPortWishes, trustDomain, type WiringContext } from './service.ts';
import {
  assertProgramsFound,
  listStorePortWishes,
  listStoreServers,
  type StoreServer,
  toSearchPath,
} from './store-servers.ts';

/** A fleet about which everything that can be known beforehand is known: it is allowed, wanted and possible. */
export interface PreparedFleet {
  readonly directory: DataDirectory;
  readonly ports: PortPlan;
  readonly servers: readonly StoreServer[];
  readonly searchPath: string;
  readonly layout: Layout;
  /** Ended children of an earlier launcher. */
  readonly leftovers: number;
  /** The mode whose state is also in the directory, while this one has none there yet. */
  readonly otherMode: FleetMode | undefined;
  /** The services' settings, in the order of starting, once the database has an address. */
  resolve(stores: StoreUrls): readonly ResolvedService[];
}

/** Where the services' stores are. */
export interface StoreUrls {
  readonly postgres: string;
  readonly kv: string;
}

/** Options with every default filled in. */
export interface PrepareOptions extends FleetOptions {
  readonly services: readonly FleetService[];
  readonly clock: Clock;
  readonly tuning: FleetTuning;
}

/**
 * Checks all there is to check and takes the data directory. Throws `FleetConfigError` with every mistake, or `FleetRefusedError`;
 * then nothing is held and nothing was started.
 */
export async function prepareFleet(options: PrepareOptions, signal: AbortSignal): Promise<PreparedFleet> {
  const services = startOrder(
    options.services.map((service) => ({
      name: service.definition.name,
      dependsOn: service.definition.dependsOn,
      service,
    })),
  );
  const ordered = services.map(({ service }) => service);
  const directory = openChecked(options, ordered);
  try {
    const servers = listStoreServers(options.mode);
    const searchPath = toSearchPath(options.environment.PATH);
    await assertProgramsFound(servers, searchPath);
    const layout = layOut(directory.path, options.mode);
    const leftovers = await endLeftovers(layout.childrenFile, {
      clock: options.clock,
      patienceMs: options.tuning.leftoverMs,
      signal,
    });
    removeFleetFile(directory.path);
    const ports = planFleetPorts(options);
    const idle = new Set(listStorePortWishes().map(({ owner }) => owner));
    for (const { step } of servers) idle.delete(step.name);
    await assertPortsFree(ports.all.filter(({ owner }) => !idle.has(owner)));
    const otherMode = findOtherMode(directory, options.mode);
    const resolve = (stores: StoreUrls) => resolveAll(ordered, { options, ports, stores }).resolved;
    return { directory, ports, servers, searchPath, layout, leftovers, otherMode, resolve };
  } catch (error) {
    directory.release();
    throw error;
  }
}

/** The data directory, or every mistake at once: in the environment, the options and the directory. */
function openChecked(options: PrepareOptions, services: readonly FleetService[]): DataDirectory {
  const mistakes = listLauncherMistakes(options.environment);
  // With a base that leaves no room, any ports will do to judge the rest.
  const ports = collect(mistakes, () => planFleetPorts(options)) ?? planFleetPorts({ services: options.services });
  const probe = outside(options.dataDir);
  mistakes.push(...resolveAll(services, { options, ports, stores: anyStores, probe }).mistakes);
  const directory = collect(mistakes, () => DataDirectory.open(options.dataDir));
  if (mistakes.length === 0 && directory) return directory;
  directory?.release();
  throw new FleetConfigError(mistakes);
}

function findOtherMode(directory: DataDirectory, mode: FleetMode): FleetMode | undefined {
  const other: FleetMode = mode === 'embedded' ? 'processes' : 'embedded';
  return existsSync(directory.file(other)) && !existsSync(directory.file(mode)) ? other : undefined;
}

/** What is in the data directory is made when its time comes; looking must not fill a directory that is not ours yet. */
function outside(dataDir: string): DirectoryProbe {
  const root = resolvePath(dataDir) + sep;
  return (path, need) => (path.startsWith(root) ? undefined : probeDirectory(path, need));
}

/** Stand for the real ones, which exist once the servers run. */
const anyStores: StoreUrls = { postgres: 'postgres://localhost/frameworks', kv: 'memory:' };

/** Who listens where. Throws `FleetConfigError` when the base leaves no room. */
export function planFleetPorts(options: Pick<PrepareOptions, 'services' | 'portBase'>): PortPlan {
  return planPorts([...listStorePortWishes(), ...options.services.flatMap(listPortWishes)], options.portBase);
}

function collect<T>(mistakes: Mistake[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof FleetConfigError)) throw error;
    mistakes.push(...error.mistakes);
    return undefined;
  }
}

interface WiringSource {
  options: PrepareOptions;
  ports: PortPlan;
  stores: StoreUrls;
  probe?: DirectoryProbe;
}

function resolveAll(
  services: readonly FleetService[],
  source: WiringSource,
): { resolved: ResolvedService[]; mistakes: Mistake[] } {
  const resolutions = services.map((service) =>
    resolveService(service, {
      context: wire(service, source),
      environment: source.options.environment,
      probe: source.probe,
    }),
  );
  return {
    resolved: resolutions.flatMap((resolution) => (resolution.ok ? [resolution.value] : [])),
    mistakes: resolutions.flatMap((resolution) => (resolution.ok ? [] : resolution.mistakes)),
  };
}

function wire(service: FleetService, { options, ports, stores }: WiringSource): WiringContext {
  const { caSecretFile, joinTokensFile, trustBundleFile, joinTokenFile, identityDir } = layOut(
    options.dataDir,
    options.mode,
  );
  return {
    address: (owner, purpose) => formatHostPort({ host: loopback, port: ports.port(owner, purpose) }),
    postgresUrl: stores.postgres,
    kvUrl: stores.kv,
    trustDomain,
    caSecretFile,
    joinTokensFile,
    trustBundleFile,
    joinTokenFile: joinTokenFile(service.definition.name),
    identityDir: identityDir(service.definition.name),
  };
}
