import { kvClosed } from '../errors.ts';
import type { KvKey } from '../key.ts';
import { checkKey } from '../requests.ts';

/** Where calls after `close` and keys of other cells are turned away, before any adapter sees them. */
export class Door {
  readonly cell: string;
  readonly #closing = new AbortController();

  constructor(cell: string) {
    this.cell = cell;
  }

  /** Throws unless the kv is open and the key is of its cell. */
  admit(key?: KvKey): void {
    if (this.closed.aborted) throw kvClosed();
    if (key !== undefined) checkKey(this.cell, key);
  }

  /** Aborts when the kv closes, with `KV_CLOSED`. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** `false`: it was closed before. */
  close(): boolean {
    if (this.closed.aborted) return false;
    this.#closing.abort(kvClosed());
    return true;
  }
}
