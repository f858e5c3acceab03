import { randomUUID } from 'node:crypto';
import { summarizeError } from '@frameworks/kit';
import { systemClock } from '@frameworks/std';
import { ChildRecords } from './child-records.ts';
import { ensureCaSecret, JoinTokens } from './credentials.ts';
import type { ResolvedService } from './environment.ts';
import type { FleetStep } from './events.ts';
import { createDirectory } from './files.ts';
import { type FleetDescription, type FleetMode, fleetFilePath, removeFleetFile, writeFleetFile } from './fleet-file.ts';
import { LogDirectory } from './logs.ts';
import { defaultTuning, type FleetOptions } from './options.ts';
import { startOrder } from './order.ts';
import { loopback } from './port-check.ts';
import { type PreparedFleet, type PrepareOptions, planFleetPorts, prepareFleet } from './prepare.ts';
import { RunningUnits } from './running-units.ts';
import { createServiceUnit, describeIdentity, type ServiceUnitContext } from './service-unit.ts';
import { fleetServices } from './services.ts';
import { listStoreServers } from './store-servers.ts';
import { StoreUnit } from './store-unit.ts';

/** A running part of the fleet, for people. */
export interface FleetRow {
  readonly name: string;
  readonly instance: string;
  /** Where to ask it, or where it listens. */
  readonly address: string;
  readonly readyAfterMs: number;
}

/**
 * A set of services with the servers they need, started in the order of their dependencies and stopped in the reverse. The CLI's
 * `frameworks up` and the tests' `TestFleet` are this class.
 */
export class Fleet {
  readonly #options: PrepareOptions;
  readonly #units: RunningUnits;
  #prepared: PreparedFleet | undefined;
  #records: ChildRecords | undefined;
  #services: readonly ResolvedService[] = [];
  #stores: readonly StoreUnit[] = [];
  #up = false;
  #stopping: Promise<void> | undefined;

  constructor(options: FleetOptions) {
    this.#options = {
      ...options,
      services: options.services ?? fleetServices,
      clock: options.clock ?? systemClock,
      tuning: { ...defaultTuning, ...options.tuning },
    };
    const { clock, tuning, onEvent = () => {} } = this.#options;
    const onProcess = (pid: number, alive: boolean): void => this.#noteProcess(pid, alive);
    this.#units = new RunningUnits({ clock, tuning, onEvent, onProcess });
  }

  /** What will be started, in order. */
  get steps(): readonly FleetStep[] {
    const services = startOrder(this.#options.services.map(({ definition }) => definition));
    return [
      ...listStoreServers(this.#options.mode).map(({ step }) => step),
      ...services.map(({ name }) => ({ name, title: name })),
    ];
  }

  /** Path of `fleet.json`. */
  get file(): string {
    return fleetFilePath(this.#options.dataDir);
  }

  /**
   * Starts everything; resolves when all of it is ready and `fleet.json` is written. Rejects with `FleetConfigError`,
   * `FleetRefusedError`, `FleetStartError` or the signal's reason; whatever had been started is stopped again by then.
   */
  async start(signal: AbortSignal = new AbortController().signal): Promise<void> {
    try {
      signal.throwIfAborted();
      this.#prepared = await prepareFleet(this.#options, signal);
      const { directory, leftovers, otherMode } = this.#prepared;
      if (leftovers > 0) this.#note(`${leftovers} processes of a launcher that was killed have been waited for`);
      if (otherMode !== undefined) this.#note(describeOtherMode(otherMode));
      signal.throwIfAborted();
      this.#records = new ChildRecords(this.#prepared.layout.childrenFile);
      await this.#startStores(this.#prepared, signal);
      await this.#startServices(this.#prepared, signal);
      signal.throwIfAborted();
      writeFleetFile(directory.path, this.describe());
      this.#up = true;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops everything in reverse order, within the tuning's time, and gives up the data directory. Never rejects. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** What `fleet.json` says. */
  describe(): FleetDescription {
    const { mode } = this.#options;
    const url = (name: string): string | undefined => this.#stores.find(({ step }) => step.name === name)?.url;
    const [redis, log] = [url('redis'), url('nats')];
    return {
      launcher: { pid: process.pid, mode },
      services: this.#services.map(({ service, instance }) => ({
        name: service.definition.name,
        instance,
        pid: this.pidOf(service.definition.name) ?? process.pid,
        url: this.#urlOf(service.definition.name),
        grpc: this.#address(service.definition.name, 'grpc'),
      })),
      stores: {
        postgres: url('postgres') ?? '',
        redis: redis === undefined ? {} : { central: redis },
        ...(log === undefined ? {} : { log }),
      },
      clusters: [],
      tenants: [],
    };
  }

  /** The port of one of its listeners. */
  port(owner: string, purpose: string): number {
    const { ports } = this.#prepared ?? { ports: planFleetPorts(this.#options) };
    return ports.port(owner, purpose);
  }

  /** The process of a server or service, while it runs; the launcher's for what shares it. */
  pidOf(name: string): number | undefined {
    return this.#units.pidOf(name);
  }

  /** What runs, in the order of starting. */
  rows(): readonly FleetRow[] {
    const stores = this.#stores.map(({ step, address }) => ({ name: step.name, instance: '', address }));
    const services = this.describe().services.map(({ name, instance, url }) => ({ name, instance, address: url }));
    return [...stores, ...services].map((row) => ({ ...row, readyAfterMs: this.#units.readyAfterMs(row.name) }));
  }

  async #startStores(prepared: PreparedFleet, signal: AbortSignal): Promise<void> {
    createDirectory(prepared.layout.state);
    const { searchPath, layout, ports } = prepared;
    const { fsync, readyMs } = this.#options.tuning;
    this.#stores = prepared.servers.map(
      (server) =>
        new StoreUnit(server, {
          dataDir: layout.server(server.step.name),
          port: ports.port(server.port.owner, server.port.purpose),
          searchPath,
          readyTimeoutMs: readyMs,
          fsync,
        }),
    );
    await this.#units.startTogether(this.#stores, signal);
  }

  async #startServices(prepared: PreparedFleet, signal: AbortSignal): Promise<void> {
    const { layout } = prepared;
    createDirectory(layout.credentials);
    ensureCaSecret(layout.caSecretFile);
    const { postgres, redis } = this.describe().stores;
    // Named, so that all services of this fleet meet in one; a name of its own, so that two fleets in a process do not.
    const memory = `memory:fleet-${randomUUID()}`;
    this.#services = prepared.resolve({ postgres, kv: redis.central ?? memory });
    const tokens = new JoinTokens(layout.joinTokensFile, this.#options.clock);
    // All before the CA starts, so that it knows them when the first service asks.
    for (const resolved of this.#services)
      tokens.handOut(describeIdentity(resolved), layout.joinTokenFile(resolved.service.definition.name));
    const { mode, clock, environment, tuning } = this.#options;
    const context: ServiceUnitContext = {
      mode,
      clock,
      environment,
      layout,
      tokens,
      logs: new LogDirectory(layout.logs),
      readyTimeoutMs: tuning.readyMs,
      url: (name) => this.#urlOf(name),
      onSpawn: (pid) => this.#records?.add(pid),
    };
    for (const resolved of this.#services) await this.#units.start(createServiceUnit(resolved, context), signal);
  }

  async #stop(): Promise<void> {
    if (!this.#prepared) return;
    // First of all: from now on nobody may rely on what it says.
    this.#attempt('be removed', removeFleetFile);
    await this.#units.stop(new Set(this.#stores));
    this.#prepared.directory.release();
  }

  #noteProcess(pid: number, alive: boolean): void {
    if (pid !== process.pid) alive ? this.#records?.add(pid) : this.#records?.remove(pid);
    if (alive && this.#up && !this.#stopping)
      this.#attempt('be brought up to date', (dataDir) => writeFleetFile(dataDir, this.describe()));
  }

  /** A full or broken disk must keep nothing from being stopped or started again. */
  #attempt(what: string, work: (dataDir: string) => void): void {
    try {
      work(this.#options.dataDir);
    } catch (error) {
      this.#note(`${this.file} could not ${what}: ${summarizeError(error)}`);
    }
  }

  #note(text: string): void {
    this.#options.onEvent?.({ type: 'note', text });
  }

  #urlOf(name: string): string {
    return `http://${this.#address(name, 'operator')}`;
  }

  #address(name: string, purpose: string): string {
    return `${loopback}:${this.port(name, purpose)}`;
  }
}

function describeOtherMode(mode: FleetMode): string {
  const back = mode === 'processes' ? 'with --processes' : 'without --processes';
  return `this mode begins empty: what was made ${back} is kept apart and comes back ${back}`;
}
