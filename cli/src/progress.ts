import type { FleetEvent, FleetStep } from '@frameworks/fleet';
import type { Clock } from '@frameworks/std';
import { formatDuration } from './table.ts';

/** Shows a person how a start goes. */
export interface Progress {
  event(event: FleetEvent): void;
  /** The start is over, one way or the other; nothing is drawn after this resolves. */
  end(): Promise<void>;
}

/** One line per change, for logs and pipes. */
export function createPlainProgress(out: (line: string) => void, clock: Clock): Progress {
  const begun = clock.monotonic();
  const say = (text: string): void => out(`[${((clock.monotonic() - begun) / 1000).toFixed(1).padStart(5)} s] ${text}`);
  return {
    event: (event) => {
      const text = describeStep(event);
      if (text !== undefined) say(text);
    },
    end: async () => {},
  };
}

function describeStep(event: FleetEvent): string | undefined {
  switch (event.type) {
    case 'step-started':
      return `${event.step.title}: starting`;
    case 'step-ready':
      return `${event.step.title}: ready after ${formatDuration(event.tookMs)}`;
    case 'step-failed':
      return `${event.step.title}: failed`;
    case 'note':
      return event.text;
    default:
      return undefined;
  }
}

interface Waiter {
  readonly done: Promise<string>;
  readonly resolve: (title: string) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A list that is redrawn in place, for terminals. It begins with the first step: what is refused before has no steps that failed.
 */
export async function createLiveProgress(steps: readonly FleetStep[], out: (line: string) => void): Promise<Progress> {
  const { Listr } = await import('listr2');
  const waiters = new Map<string, Waiter>(steps.map(({ name }) => [name, createWaiter()]));
  const list = new Listr(
    steps.map(({ name, title }) => ({
      title,
      task: async (_, task) => {
        task.title = (await waiters.get(name)?.done) ?? title;
      },
    })),
    // The launcher judges signals; a failure is explained once, below the list.
    { registerSignalListeners: false, rendererOptions: { showErrorMessage: false, collapseErrors: false } },
  );
  let drawn: Promise<unknown> | undefined;
  return {
    event: (event) => {
      if (event.type === 'step-started') drawn ??= list.run().catch(() => {});
      // All notes come before the first step; a line in the middle of the list would tear it.
      else if (event.type === 'note' && drawn === undefined) out(event.text);
      else if (event.type === 'step-ready') {
        waiters.get(event.step.name)?.resolve(`${event.step.title}: ready after ${formatDuration(event.tookMs)}`);
      } else if (event.type === 'step-failed') waiters.get(event.step.name)?.reject(new Error('failed'));
    },
    end: async () => {
      for (const { reject } of waiters.values()) reject(new Error('given up'));
      await drawn;
    },
  };
}

function createWaiter(): Waiter {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // Rejecting a step that the list never came to is nobody's failure.
  promise.catch(() => {});
  return { done: promise, resolve, reject };
}
