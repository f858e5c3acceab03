import type { Environment } from '@frameworks/kit';
import type { Clock } from '@frameworks/std';
import type { FleetListener } from './events.ts';
import type { FleetMode } from './fleet-file.ts';
import type { FleetService } from './service.ts';
import type { RestartPolicy } from './supervisor.ts';

/** What a fleet is made from. */
export interface FleetOptions {
  readonly dataDir: string;
  readonly mode: FleetMode;
  /** Every port from here upwards; without it the defaults. */
  readonly portBase?: number;
  /** Variables of the services override the fleet's defaults; PATH is where programs are looked for. */
  readonly environment: Environment;
  /** Default: all services there are. */
  readonly services?: readonly FleetService[];
  readonly clock?: Clock;
  readonly onEvent?: FleetListener;
  readonly tuning?: Partial<FleetTuning>;
}

/** Times in milliseconds. */
export interface FleetTuning {
  /** A whole clean stop; what has not stopped by then is killed. */
  readonly stopMs: number;
  /** One server or service, from its start to ready. */
  readonly readyMs: number;
  /** How long children of a killed launcher may take to end by themselves. */
  readonly leftoverMs: number;
  readonly restart: RestartPolicy;
  /** Do servers wait for the disk? Only throw-away data can do without. */
  readonly fsync: boolean;
}

export const defaultTuning: FleetTuning = {
  // People and supervisors are promised five seconds; the rest is for the process itself to end.
  stopMs: 4000,
  readyMs: 30_000,
  leftoverMs: 5000,
  restart: { backoff: { baseMs: 200, maxMs: 5000 }, mostCrashes: 5, windowMs: 60_000 },
  fsync: true,
};
