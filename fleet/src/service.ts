import { join } from 'node:path';
import { type AnyServiceDefinition, type CommonConfig, type ServiceDefinition, toVariable } from '@frameworks/kit';
import type { PortWish } from './ports.ts';

/** Where a service finds what it needs; every path and address is final before anything starts. */
export interface WiringContext {
  /** `host:port` of a listener of the fleet. */
  address(owner: string, purpose: ListenerPurpose): string;
  /** The shared database; each service keeps to its own schema. */
  readonly postgresUrl: string;
  /** The key-value store of the central services; each keeps to its own keys. */
  readonly kvUrl: string;
  /** The SPIFFE trust domain of the fleet. */
  readonly trustDomain: string;
  /** The CA's first secret, made once per data directory. */
  readonly caSecretFile: string;
  /** Hashes of the join tokens the launcher has handed out. */
  readonly joinTokensFile: string;
  /** PEM with the trusted roots, published by the CA. */
  readonly trustBundleFile: string;
  /** This service's own join token. */
  readonly joinTokenFile: string;
  /** Where this service keeps its key and certificate. */
  readonly identityDir: string;
}

/** What a listener is for. Every service has `operator`: `/healthz`, `/readyz`, `/metrics`. */
export type ListenerPurpose = 'grpc' | 'operator';

/** Settings by the name of their field in the service's configuration: `grpcAddress`, not `NAVIGATOR_GRPC_ADDRESS`. */
export type Settings = Readonly<Record<string, string>>;

/** Of every fleet on one machine: its identities mean nothing outside of it. Cannot change once a CA's root exists. */
export const trustDomain = 'frameworks.internal';

/** One service of the fleet, as data: what it is, where it listens, how it is told of the others. */
export interface FleetService {
  readonly definition: AnyServiceDefinition;
  /** Absolute path of its `main.ts`, for a process of its own. */
  readonly main: string;
  readonly grpcPort: number;
  readonly operatorPort: number;
  /** What only the launcher can know. Nobody may override it. */
  wiring(context: WiringContext): Settings;
  /** What suits a fleet on one machine; overridden by variables of the launcher's environment. */
  readonly defaults: Settings;
}

/** How a fleet names its listeners for operators, where the architecture gives no port: beside the gRPC port, out of its way. */
const operatorOffset = 10_000;

/** Describes a service to the fleet. `folder` is relative to `services/`. */
export function describeService<C extends CommonConfig>(
  definition: ServiceDefinition<C>,
  options: { folder: string; grpcPort: number; wiring(context: WiringContext): Settings; defaults?: Settings },
): FleetService {
  return {
    definition,
    main: join(import.meta.dirname, '../../services', options.folder, 'src/main.ts'),
    grpcPort: options.grpcPort,
    operatorPort: options.grpcPort + operatorOffset,
    wiring: options.wiring,
    defaults: options.defaults ?? {},
  };
}

/** The listeners of a service, in the order in which they get ports. */
export function listPortWishes(service: FleetService): PortWish[] {
  const owner = service.definition.name;
  return [
    { owner, purpose: 'grpc', defaultPort: service.grpcPort },
    { owner, purpose: 'operator', defaultPort: service.operatorPort },
  ];
}

/** Settings → environment variables. Throws for a field that the service does not have: a mistake in our own code. */
export function toEnvironment(definition: AnyServiceDefinition, settings: Settings): Record<string, string> {
  const { prefix, service } = definition.config;
  const fields: Readonly<Record<string, { kind: string }>> = definition.config.fields;
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => {
      const field = fields[key];
      if (!field) throw new Error(`${service} has no setting ${key}`);
      return [toVariable(prefix, key, field.kind), value];
    }),
  );
}
