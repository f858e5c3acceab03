import { createLogger, hostService, listSecrets } from '@frameworks/kit';
import { abortable, type Clock } from '@frameworks/std';
import type { ResolvedService } from './environment.ts';
import type { LogDirectory } from './logs.ts';
import type { RunningUnit } from './unit.ts';

/** Starts a service in this process. Resolves when it is ready. */
export async function startEmbedded(
  { service, instance, config }: ResolvedService,
  options: { logs: LogDirectory; clock: Clock; signal: AbortSignal },
): Promise<RunningUnit> {
  const { definition } = service;
  const file = options.logs.open(definition.name);
  const log = createLogger({
    service: definition.name,
    instance,
    level: config.logLevel,
    clock: options.clock,
    secrets: listSecrets(definition.config, config),
    destination: file,
  });
  const host = hostService(definition, config, { clock: options.clock, log });
  const stop = async (): Promise<void> => {
    try {
      await host.stop();
    } catch (error) {
      log.error({ event: 'stopped', error }, 'stopped, but not cleanly');
    } finally {
      file.close();
    }
  };
  try {
    await abortable(host.start(), options.signal);
  } catch (error) {
    log.error({ error }, 'could not start');
    await stop();
    throw error;
  }
  log.info({ event: 'ready', addresses: host.addresses(), pid: process.pid }, 'ready');
  return { pid: process.pid, exited: new Promise(() => {}), stop, kill: async () => file.close() };
}
