import { ServiceError } from '@frameworks/kit/errors';

/**
 * Bounds the requests for certificates being worked on at once: each costs a signature and a transaction, and the listener is open
 * to everybody. More are turned away at once, retryable, instead of piling up before the database.
 */
export class Admission {
  readonly #most: number;
  #open = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Throws RESOURCE_EXHAUSTED `TOO_MANY_REQUESTS` when full. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#open >= this.#most) {
      throw new ServiceError('RESOURCE_EXHAUSTED', 'TOO_MANY_REQUESTS', {
        message: `${this.#most} certificates are being issued already`,
        retryable: true,
        retryAfterMs: 250,
      });
    }
    this.#open++;
    try {
      return await work();
    } finally {
      this.#open--;
    }
  }
}
