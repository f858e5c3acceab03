import type { Redis } from 'ioredis';
import { type Listen, Notices } from '../watch.ts';

export interface NoticeSource {
  listen: Listen;
}

/**
 * Notices by Redis publish/subscribe: one channel per awaited key, subscribed while somebody waits. A notice may be lost
 * (a connection in between, a subscription a moment late); whoever waits also polls, so it only costs time.
 */
export function subscribeNotices(subscriber: Redis): NoticeSource {
  const notices = new Notices();
  const waiting = new Map<string, number>();
  subscriber.on('message', (channel: string) => notices.notify(channel));
  // A new connection has no subscriptions, and anything may have happened while there was none.
  subscriber.on('ready', () => {
    const names = notices.names();
    if (names.length > 0) subscriber.subscribe(...names).catch(() => {});
    notices.notifyAll();
  });
  return {
    listen(name, listener) {
      const count = waiting.get(name) ?? 0;
      waiting.set(name, count + 1);
      // Once the subscription stands, look again: the notice may have gone out just before.
      if (count === 0) subscriber.subscribe(name).then(listener, () => {});
      const heard = notices.listen(name, listener);
      return {
        [Symbol.dispose]: () => {
          heard[Symbol.dispose]();
          const left = (waiting.get(name) ?? 1) - 1;
          if (left > 0) return void waiting.set(name, left);
          waiting.delete(name);
          subscriber.unsubscribe(name).catch(() => {});
        },
      };
    },
  };
}
