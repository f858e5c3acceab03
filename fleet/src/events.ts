/** One thing that is started: a server or a service. */
export interface FleetStep {
  /** Unique within the fleet: `postgres`, `navigator`. */
  readonly name: string;
  /** For people. */
  readonly title: string;
}

/** What happens while a fleet starts and runs, for whoever shows it to a person. */
export type FleetEvent =
  | { readonly type: 'step-started'; readonly step: FleetStep }
  | { readonly type: 'step-ready'; readonly step: FleetStep; readonly tookMs: number }
  | { readonly type: 'step-failed'; readonly step: FleetStep }
  /** Worth knowing, nothing to do. */
  | { readonly type: 'note'; readonly text: string }
  /** It ended by itself. `restartInMs`: when it is started again; undefined: no more, see its log. */
  | {
      readonly type: 'crashed';
      readonly name: string;
      readonly how: string;
      readonly restartInMs: number | undefined;
      readonly logFile: string;
    }
  | { readonly type: 'restarted'; readonly name: string; readonly pid: number };

export type FleetListener = (event: FleetEvent) => void;
