import { navigator } from '@frameworks/navigator';
import { quartermaster } from '@frameworks/quartermaster';
import { describeService, type FleetService, type Settings, type WiringContext } from './service.ts';

/** What every service but the CA needs for its certificate; see `enrollmentFields`. */
function enroll({ address, trustDomain, trustBundleFile, joinTokenFile, identityDir }: WiringContext): Settings {
  const navigatorAddress = address('navigator', 'grpc');
  return { trustDomain, navigatorAddress, trustBundleFile, joinTokenFile, identityDir };
}

/** Every service of the fleet; the order is that of their ports. */
export const fleetServices: readonly FleetService[] = [
  describeService(navigator, {
    folder: 'network/navigator',
    grpcPort: 18_011,
    wiring: ({ address, postgresUrl, trustDomain, caSecretFile, joinTokensFile, trustBundleFile }) => {
      // Starts after Navigator, which does not wait for it.
      const quartermasterAddress = address('quartermaster', 'grpc');
      const files = { caSecretFile, joinTokensFile, trustBundleFile };
      return { databaseUrl: postgresUrl, trustDomain, quartermasterAddress, ...files };
    },
    // A service that starts again brings a new token and asks at once.
    defaults: { joinTokensIntervalMs: '100ms' },
  }),
  describeService(quartermaster, {
    folder: 'control/quartermaster',
    grpcPort: 19_002,
    wiring: (context) => ({ ...enroll(context), databaseUrl: context.postgresUrl, kvUrl: context.kvUrl }),
  }),
];
