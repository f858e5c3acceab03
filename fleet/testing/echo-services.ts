import { join } from 'node:path';
import { describeService, type FleetService } from '../src/service.ts';
import { alpha, beta } from './echo/definition.ts';

function describeEcho(definition: typeof alpha, grpcPort: number): FleetService {
  const wiring = ({ postgresUrl }: { postgresUrl: string }) => ({ databaseUrl: postgresUrl });
  const service = describeService(definition, { folder: '.', grpcPort, wiring });
  return { ...service, main: join(import.meta.dirname, 'echo', `${definition.name}.ts`) };
}

/** Two services, the second in need of the first; given in the wrong order on purpose. */
export const echoServices: readonly FleetService[] = [describeEcho(beta, 19_992), describeEcho(alpha, 19_991)];
