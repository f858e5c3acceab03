import { listProcessesUsing } from '@frameworks/servers';
import { settle } from './settle.ts';

/**
 * Fails unless every process that works in `dir` (by command line or working directory) is gone within `timeoutMs` (default
 * 5000); the failure lists those that are not.
 */
export async function expectNoProcessLeft(dir: string, { timeoutMs = 5000 } = {}): Promise<void> {
  let left: readonly { pid: number; command: string }[] = [];
  await settle(
    async () => {
      left = await listProcessesUsing(dir);
      return left.length === 0;
    },
    {
      timeoutMs,
      describe: () =>
        `no process left in ${dir}: ${left.map(({ pid, command }) => `${pid} ${command.slice(-200)}`).join('\n')}`,
    },
  );
}
