/** A first-in, first-out queue on a growing ring: `push` and `shift` in constant time, whatever its length. */
export class Fifo<T> {
  #ring: (T | undefined)[] = new Array(16);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[this.#slot(this.#length)] = item;
    this.#length++;
  }

  /** Takes the oldest; `undefined` when empty. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = this.#slot(1);
    this.#length--;
    return item;
  }

  /** The item at `index` from the oldest, left in place. */
  at(index: number): T | undefined {
    return index >= 0 && index < this.#length ? this.#ring[this.#slot(index)] : undefined;
  }

  /** Takes the item at `index` from the oldest out of the middle; linear in `length`. */
  removeAt(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    const item = this.at(index);
    for (let i = index; i < this.#length - 1; i++) this.#ring[this.#slot(i)] = this.#ring[this.#slot(i + 1)];
    this.#length--;
    this.#ring[this.#slot(this.#length)] = undefined;
    return item;
  }

  /** Ring sizes are powers of two, so the remainder is a mask. */
  #slot(offset: number): number {
    return (this.#head + offset) & (this.#ring.length - 1);
  }

  #grow(): void {
    const grown: (T | undefined)[] = new Array(this.#ring.length * 2);
    for (let i = 0; i < this.#length; i++) grown[i] = this.at(i);
    this.#ring = grown;
    this.#head = 0;
  }
}
