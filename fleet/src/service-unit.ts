import { formatSpiffeId, type SpiffeId } from '@frameworks/identity/spiffe';
import type { Environment } from '@frameworks/kit';
import type { Clock } from '@frameworks/std';
import type { JoinTokens } from './credentials.ts';
import { startEmbedded } from './embedded-host.ts';
import type { ResolvedService } from './environment.ts';
import type { FleetMode } from './fleet-file.ts';
import type { Layout } from './layout.ts';
import type { LogDirectory } from './logs.ts';
import { startProcess } from './process-host.ts';
import { trustDomain } from './service.ts';
import type { Unit } from './unit.ts';

/** What a service's start needs besides its own settings. */
export interface ServiceUnitContext {
  readonly mode: FleetMode;
  readonly clock: Clock;
  readonly environment: Environment;
  readonly layout: Layout;
  readonly tokens: JoinTokens;
  readonly logs: LogDirectory;
  readonly readyTimeoutMs: number;
  readonly url: (name: string) => string;
  readonly onSpawn: (pid: number) => void;
}

/** A service as a part of the fleet, in this process or in its own. */
export function createServiceUnit(resolved: ResolvedService, context: ServiceUnitContext): Unit {
  const { name } = resolved.service.definition;
  let starts = 0;
  return {
    step: { name, title: name },
    logFile: context.logs.file(name),
    launch: async (signal) => {
      // A join token is good for one key, and a process that starts again has a new one.
      if (starts++ > 0) context.tokens.handOut(describeIdentity(resolved), context.layout.joinTokenFile(name));
      const { logs, clock, environment, readyTimeoutMs, onSpawn } = context;
      if (context.mode === 'embedded') return await startEmbedded(resolved, { logs, clock, signal });
      return await startProcess(resolved, {
        logs,
        clock,
        signal,
        environment,
        readyTimeoutMs,
        onSpawn,
        pidFile: context.layout.pidFile(name),
        url: context.url(name),
      });
    },
  };
}

/** The identity that a service's certificate will carry. */
export function describeIdentity({ service, instance }: ResolvedService): SpiffeId {
  const { name, plane } = service.definition;
  return formatSpiffeId({ kind: 'service', domain: trustDomain, plane, service: name, instance });
}
