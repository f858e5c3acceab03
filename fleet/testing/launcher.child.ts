import type { FleetOptions } from '../src/options.ts';
import { echoServices } from './echo-services.ts';
import { TestFleet } from './test-fleet.ts';

/** A launcher of its own, for tests that kill it: takes options as JSON, starts a fleet of processes, sends what it is. */
const options: Partial<FleetOptions> = JSON.parse(process.argv[2] ?? '{}');
process.on('message', () => undefined);
const fleet = await TestFleet.start({ services: echoServices, mode: 'processes', ...options });
process.send?.(fleet.describe());
