import { randomUUID } from 'node:crypto';
import { summarizeError } from '@frameworks/kit';
import { ServerStartError } from '@frameworks/servers';
import { systemClock } from '@frameworks/std';
import { ChildRecords } from './child-records.ts';
import { ensureCaSecret, JoinTokens } from './credentials.ts';
import type { ResolvedService } from './environment.ts';
import type { FleetStep } from './events.ts';
import { createDirectory } from './files.ts';
import { type FleetDescription, type FleetMode, fleetFilePath, removeFleetFile, writeFleetFile } from './fleet-file.ts';
import { LogDirectory, readTailForPeople } from './logs.ts';
import { FleetStartError } from './mistakes.ts';
import { defaultTuning, type FleetOptions } from './options.ts';
import { startOrder } from './order.ts';
import { loopback } from './port-check.ts';
import { type PreparedFleet, type PrepareOptions, planFleetPorts, prepareFleet } from './prepare.ts';
import { createServiceUnit, describeIdentity, type ServiceUnitContext } from './service-unit.ts';
import { fleetServices } from './services.ts';
import { listStoreServers } from './store-servers.ts';
import { StoreUnit } from './store-unit.ts';
import { Supervisor } from './supervisor.ts';
import type { Unit } from './unit.ts';

/** Lines of a log that help a person; the file's path is for more. */
const tailLines = 8;
/** Share of a stop that services get; the rest belongs to the servers with their data. */
const serviceShare = 0.6;
/** However little time is left, everything is asked to stop before it is killed. */
const leastPatienceMs = 200;

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
  readonly #supervisors: Supervisor[] = [];
  readonly #readyAfter = new Map<string, number>();
  #prepared: PreparedFleet | undefined;
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
      const records = new ChildRecords(this.#prepared.layout.childrenFile);
      await this.#startStores(this.#prepared, records, signal);
      await this.#startServices(this.#prepared, records, signal);
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
    return this.#supervisors.find(({ unit }) => unit.step.name === name)?.pid;
  }

  /** What runs, in the order of starting. */
  rows(): readonly FleetRow[] {
    const stores = this.#stores.map(({ step, address }) => ({ name: step.name, instance: '', address }));
    const services = this.describe().services.map(({ name, instance, url }) => ({ name, instance, address: url }));
    return [...stores, ...services].map((row) => ({ ...row, readyAfterMs: this.#readyAfter.get(row.name) ?? 0 }));
  }

  async #startStores(prepared: PreparedFleet, records: ChildRecords, signal: AbortSignal): Promise<void> {
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
    // Together: they do not know each other. The first failure gives up the rest, and none is left behind unheard.
    const giveUp = new AbortController();
    const any = AbortSignal.any([signal, giveUp.signal]);
    const starts = this.#stores.map((unit) =>
      this.#startUnit(unit, records, any).catch((error: unknown) => {
        giveUp.abort(error);
        throw error;
      }),
    );
    const failed = (await Promise.allSettled(starts)).some(({ status }) => status === 'rejected');
    signal.throwIfAborted();
    if (failed) throw giveUp.signal.reason;
  }

  async #startServices(prepared: PreparedFleet, records: ChildRecords, signal: AbortSignal): Promise<void> {
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
      onSpawn: (pid) => records.add(pid),
    };
    for (const resolved of this.#services) await this.#startUnit(createServiceUnit(resolved, context), records, signal);
  }

  async #startUnit(unit: Unit, records: ChildRecords, signal: AbortSignal): Promise<void> {
    const { clock, tuning, onEvent = () => {} } = this.#options;
    signal.throwIfAborted();
    const begun = clock.monotonic();
    onEvent({ type: 'step-started', step: unit.step });
    const supervisor = new Supervisor({
      unit,
      clock,
      policy: tuning.restart,
      onEvent,
      onProcess: (pid, alive) => {
        if (pid !== process.pid) alive ? records.add(pid) : records.remove(pid);
        if (alive && this.#up && !this.#stopping) this.#rewriteFile();
      },
    });
    this.#supervisors.push(supervisor);
    try {
      await supervisor.start(signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      onEvent({ type: 'step-failed', step: unit.step });
      throw toStartError(unit, error);
    }
    const tookMs = clock.monotonic() - begun;
    this.#readyAfter.set(unit.step.name, tookMs);
    onEvent({ type: 'step-ready', step: unit.step, tookMs });
  }

  async #stop(): Promise<void> {
    const { clock, tuning, dataDir } = this.#options;
    if (!this.#prepared) return;
    // First of all: from now on nobody may rely on what it says.
    removeFleetFile(dataDir);
    const begun = clock.monotonic();
    const remaining = (share: number): number =>
      Math.max(leastPatienceMs, begun + tuning.stopMs * share - clock.monotonic());
    const stores = new Set<Unit>(this.#stores);
    for (const supervisor of this.#supervisors.filter(({ unit }) => !stores.has(unit)).reverse()) {
      await supervisor.stop(remaining(serviceShare));
    }
    await Promise.all(
      this.#supervisors.filter(({ unit }) => stores.has(unit)).map((supervisor) => supervisor.stop(remaining(1))),
    );
    this.#prepared.directory.release();
  }

  #rewriteFile(): void {
    writeFleetFile(this.#options.dataDir, this.describe());
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

function toStartError(unit: Unit, error: unknown): FleetStartError {
  const said =
    error instanceof ServerStartError
      ? error.logTail.split('\n').filter(Boolean)
      : readTailForPeople(unit.logFile, tailLines);
  return new FleetStartError({
    step: unit.step.name,
    message: summarizeError(error),
    logFile: unit.logFile,
    logTail: said.slice(-tailLines),
    cause: error,
  });
}
