import { abortable } from './abort.ts';

interface Flight<V> {
  readonly result: Promise<V>;
  readonly controller: AbortController;
  passengers: number;
}

/**
 * Callers asking for the same key at the same time share one piece of work. Nothing is remembered once it has ended: this
 * is not a cache, and a failure is given to those who waited for it only.
 */
export class SingleFlight<K, V> {
  readonly #flights = new Map<K, Flight<V>>();

  /** Keys being worked on now. */
  get size(): number {
    return this.#flights.size;
  }

  /**
   * Starts `work` for `key`, or joins the one under way. A caller whose `signal` aborts leaves alone; the work itself is
   * aborted when the last caller has left.
   */
  async run(key: K, work: (signal: AbortSignal) => Promise<V>, signal?: AbortSignal): Promise<V> {
    signal?.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    flight.passengers++;
    try {
      return await abortable(flight.result, signal);
    } finally {
      flight.passengers--;
      if (flight.passengers === 0) this.#land(key, flight);
    }
  }

  #start(key: K, work: (signal: AbortSignal) => Promise<V>): Flight<V> {
    const controller = new AbortController();
    // Deferred by one microtask so that a synchronous throw of `work` is a rejection like any other.
    const result = Promise.resolve().then(() => work(controller.signal));
    const flight: Flight<V> = { result, controller, passengers: 0 };
    this.#flights.set(key, flight);
    const over = (): void => this.#forget(key, flight);
    result.then(over, over);
    return flight;
  }

  #land(key: K, flight: Flight<V>): void {
    this.#forget(key, flight);
    flight.controller.abort();
  }

  /** Only if it is still the one under way: an abandoned flight may end after its successor has started. */
  #forget(key: K, flight: Flight<V>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
