/** Starts the services of this repository together: `frameworks up` and the tests' fleets. */
export { DataDirectory } from './data-directory.ts';
export type { FleetEvent, FleetListener, FleetStep } from './events.ts';
export { Fleet, type FleetRow } from './fleet.ts';
export {
  type FleetDescription,
  type FleetMode,
  type FleetServiceEntry,
  findFleetFile,
  fleetFilePath,
  type ReadFleetFile,
} from './fleet-file.ts';
export { FleetConfigError, FleetRefusedError, FleetStartError, type Mistake } from './mistakes.ts';
export { defaultTuning, type FleetOptions, type FleetTuning } from './options.ts';
export { findProcess } from './process-identity.ts';
export { askReadiness, type Readiness } from './readiness.ts';
export { describeService, type FleetService, type Settings, type WiringContext } from './service.ts';
