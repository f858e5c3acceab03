import type { FleetService } from './service.ts';

/** Every service of the fleet; the order is that of their ports. */
export const fleetServices: readonly FleetService[] = [];
