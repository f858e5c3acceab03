import type { StartOptions } from '@frameworks/servers';
import type { FleetStep } from './events.ts';
import { loopback } from './port-check.ts';
import { type StoreServer, serverLogFile } from './store-servers.ts';
import type { RunningUnit, Unit } from './unit.ts';

/** A server program as a part of the fleet. */
export class StoreUnit implements Unit {
  readonly step: FleetStep;
  readonly logFile: string;
  readonly address: string;
  readonly #server: StoreServer;
  readonly #options: StartOptions & { port: number; fsync: boolean };
  #url: string | undefined;

  constructor(server: StoreServer, options: StartOptions & { port: number; fsync: boolean }) {
    this.step = server.step;
    this.logFile = serverLogFile(options.dataDir);
    this.address = `${loopback}:${options.port}`;
    this.#server = server;
    this.#options = options;
  }

  /** Where clients connect, password included, once it has started. It stays the same across restarts. */
  get url(): string | undefined {
    return this.#url;
  }

  async launch(signal: AbortSignal): Promise<RunningUnit> {
    const running = await this.#server.start({ ...this.#options, signal });
    this.#url = running.url;
    return running;
  }
}
