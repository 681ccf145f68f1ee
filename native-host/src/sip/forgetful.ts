/** Those that only wait - for copies of a request that was answered, for an ACK; when they are too many, the oldest waits no longer. */
export class Forgetful<One> {
  readonly #most: number;
  readonly #forget: (oldest: One) => void;
  readonly #roomFor: number;
  /** Each with its size. */
  readonly #kept = new Map<One, number>();
  #sizes = 0;

  /** So many, and so much of them by the sizes they are kept with. */
  constructor(most: number, forget: (oldest: One) => void, roomFor = Number.POSITIVE_INFINITY) {
    this.#most = most;
    this.#forget = forget;
    this.#roomFor = roomFor;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** It waits, from now on or already. */
  keep(one: One, size = 0): void {
    if (this.#kept.has(one)) return;
    this.#kept.set(one, size);
    this.#sizes += size;
    if (this.#kept.size > this.#most || this.#sizes > this.#roomFor) this.#forgetOldest();
  }

  /** It is over by itself. */
  ended(one: One): void {
    this.#sizes -= this.#kept.get(one) ?? 0;
    this.#kept.delete(one);
  }

  #forgetOldest(): void {
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#most && this.#sizes <= this.#roomFor) return;
      this.ended(oldest);
      this.#forget(oldest);
    }
  }
}
