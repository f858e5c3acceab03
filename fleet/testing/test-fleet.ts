import { claimPortBlock, expectNoProcessLeft, makeTempDir, removeDir } from '@frameworks/testkit';
import { Fleet } from '../src/fleet.ts';
import type { FleetOptions, FleetTuning } from '../src/options.ts';
import { findProcess, isRunning } from '../src/process-identity.ts';

/** Times ten times shorter than a person's fleet, and no waiting for the disk. */
export const testTuning: FleetTuning = {
  stopMs: 4000,
  readyMs: 20_000,
  leftoverMs: 5000,
  restart: { backoff: { baseMs: 20, maxMs: 200 }, mostCrashes: 3, windowMs: 6000 },
  fsync: false,
};

/** Everything is optional: a fleet for a test needs nothing. */
export interface TestFleetOptions extends Partial<FleetOptions> {
  /** Keep the directory given as `dataDir`, for another fleet on the same data. */
  readonly keepData?: boolean;
}

/**
 * The fleet of `frameworks up` for a test: in a directory and on ports of its own. Disposing it stops it and fails unless the stop
 * was clean: within five seconds, no process left, no `fleet.json`.
 */
export class TestFleet extends Fleet implements AsyncDisposable {
  readonly dataDir: string;
  readonly #cleanUp: () => Promise<void>;

  private constructor(options: FleetOptions, cleanUp: () => Promise<void>) {
    super(options);
    this.dataDir = options.dataDir;
    this.#cleanUp = cleanUp;
  }

  /** Makes one without starting it. */
  static async create(options: TestFleetOptions = {}): Promise<TestFleet> {
    const ports = await claimPortBlock();
    const dataDir = options.dataDir ?? (await makeTempDir());
    const fleetOptions: FleetOptions = {
      ...options,
      dataDir,
      mode: options.mode ?? 'embedded',
      portBase: options.portBase ?? ports.base,
      environment: { PATH: process.env.PATH, ...options.environment },
      tuning: { ...testTuning, ...options.tuning },
    };
    return new TestFleet(fleetOptions, async () => {
      await ports.release();
      if (options.keepData !== true) await removeDir(dataDir);
    });
  }

  /** Makes and starts one. */
  static async start(options: TestFleetOptions = {}): Promise<TestFleet> {
    const fleet = await TestFleet.create(options);
    try {
      await fleet.start();
      return fleet;
    } catch (error) {
      await fleet.#cleanUp();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const begun = performance.now();
    const children = this.describe()
      .services.map(({ pid }) => findProcess(pid))
      .filter((child) => child !== undefined && child.pid !== process.pid);
    try {
      await this.stop();
      const tookMs = performance.now() - begun;
      if (tookMs > 5000) throw new Error(`the fleet took ${Math.round(tookMs)} ms to stop`);
      await expectNoProcessLeft(this.dataDir);
      const left = children.filter((child) => child && isRunning(child));
      if (left.length > 0) throw new Error(`services left running: ${left.map((child) => child?.pid).join(', ')}`);
    } finally {
      await this.#cleanUp();
    }
  }
}
