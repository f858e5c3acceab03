import type { FleetStep } from './events.ts';

/** How a process ended: by an exit code, or by a signal. */
export interface UnitExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** A server or a service that is up. */
export interface RunningUnit {
  /** The process to signal; the launcher's own where it has none of its own. */
  readonly pid: number;
  /** Resolves when the process has ended, asked or not; never for what has no process of its own. */
  readonly exited: Promise<UnitExit>;
  /** Clean stop. Resolves when it is gone. */
  stop(): Promise<void>;
  /** At once. Resolves when it is gone. */
  kill(): Promise<void>;
}

/** What the fleet starts, watches, starts again and stops. */
export interface Unit {
  readonly step: FleetStep;
  /** Its whole story. */
  readonly logFile: string;
  /** Resolves when it is ready to serve. Cleans up after itself when it fails or is aborted. */
  launch(signal: AbortSignal): Promise<RunningUnit>;
}

/** `{code: 1}` → `exit code 1`, for a sentence. */
export function describeExit(exit: UnitExit): string {
  return exit.signal === undefined ? `exit code ${exit.code}` : `signal ${exit.signal}`;
}
