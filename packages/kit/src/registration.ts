import type { ListenerKind } from '@frameworks/contracts/frameworks/common/v1/endpoint_pb';
import { InstanceRegistry } from '@frameworks/contracts/frameworks/quartermaster/v1/registry_pb';
import { type Clock, childController, createUuidSource } from '@frameworks/std';
import type { HostPort } from './config/address.ts';
import type { ScopedLoopOptions } from './create-service.ts';
import { ServiceError } from './errors.ts';
import type { RpcChannel } from './rpc/client.ts';
import { version } from './version.ts';

export interface RegistrationOptions {
  /** To Quartermaster, proving the instance's own certificate. Closed by whoever made it. */
  readonly channel: RpcChannel;
  readonly service: string;
  readonly instance: string;
  /** `control` or `data`; left out for pool services, which learn theirs. */
  readonly clusterId?: string;
  /** As others reach them. */
  readonly addresses: readonly ({ readonly kind: ListenerKind } & HostPort)[];
  /** Would `/readyz` say yes? Reported with every heartbeat. */
  readonly ready: () => Promise<boolean>;
  readonly clock: Clock;
}

/** An instance's entry in the registry, kept alive by a loop of its service. */
export interface Registration {
  /** Pass it to `scope.loop`. Quartermaster says how often; until it has answered, `retryMs`. */
  readonly loop: ScopedLoopOptions;
  /** A planned stop: leaves the lists at once. Does nothing if never announced; rejects if Quartermaster is away. */
  end(): Promise<void>;
  /** Cluster the instance belongs to, once known. */
  clusterId(): string | undefined;
}

/** Until Quartermaster has said how often to renew, and after a failure. Short: others look for this instance. */
const retryMs = 1_000;

type State =
  | { readonly kind: 'unregistered' }
  | { readonly kind: 'registered'; readonly clusterId: string; readonly renewAtMs: number }
  | { readonly kind: 'ended' };

/**
 * Announces one start of an instance and renews its lease. Quartermaster being away never stops a service: the loop goes on
 * asking. An incarnation that a newer one has replaced stops announcing itself and says so.
 */
export function createRegistration(options: RegistrationOptions): Registration {
  const { channel, service, instance, clock } = options;
  const registry = channel.client(InstanceRegistry);
  const identity = { service, instanceId: instance, incarnationId: createUuidSource(clock)() };
  let state: State = { kind: 'unregistered' };
  /** Quartermaster may know of this instance, whether or not its answer came back. */
  let announced = false;
  const ending = new AbortController();

  const register = async (signal: AbortSignal): Promise<State> => {
    const { addresses, clusterId = '' } = options;
    const request = { ...identity, version, addresses: [...addresses], clusterId };
    announced = true;
    const answer = await registry.registerInstance(request, { signal });
    return toState(answer.instance?.clusterId ?? '', Number(answer.renewAfterMs), clock);
  };

  const renew = async (signal: AbortSignal): Promise<State> => {
    const ready = await options.ready();
    try {
      const answer = await registry.renewInstance({ ...identity, ready }, { signal });
      // Who is not ready yet soon will be, and others wait for it.
      return toState(answer.clusterId, ready ? Number(answer.renewAfterMs) : retryMs, clock);
    } catch (error) {
      // Forgotten, for example by a restored database: the next turn registers again.
      if (error instanceof ServiceError && error.reason === 'INSTANCE_UNKNOWN') return { kind: 'unregistered' };
      throw error;
    }
  };

  /** A turn that was under way when the end came must not bring the instance back. */
  const enter = (next: State): void => {
    if (state.kind !== 'ended') state = next;
  };

  return {
    loop: {
      name: 'registration',
      everyMs: retryMs,
      run: async (stopping) => {
        if (state.kind === 'ended' || (state.kind === 'registered' && clock.monotonic() < state.renewAtMs)) return;
        using turn = childController(stopping, ending.signal);
        if (state.kind === 'unregistered') enter(await register(turn.signal));
        // Readiness travels with the heartbeat, so the first one follows at once.
        enter(await renew(turn.signal));
      },
    },
    end: async () => {
      const { kind } = state;
      state = { kind: 'ended' };
      // What is still on its way must not arrive after the goodbye.
      ending.abort();
      if (kind === 'ended' || !announced) return;
      await registry.deregisterInstance(identity, { deadlineMs: retryMs });
    },
    clusterId: () => (state.kind === 'registered' && state.clusterId !== '' ? state.clusterId : undefined),
  };
}

function toState(clusterId: string, renewAfterMs: number, clock: Clock): State {
  return { kind: 'registered', clusterId, renewAtMs: clock.monotonic() + renewAfterMs };
}
