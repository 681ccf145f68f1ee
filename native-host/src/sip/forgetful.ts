/** Those that only wait - for copies of a request that was answered, for an ACK; when they are too many, the oldest waits no longer. */
export class Forgetful<One> {
  readonly #most: number;
  readonly #forget: (oldest: One) => void;
  readonly #kept = new Set<One>();

  constructor(most: number, forget: (oldest: One) => void) {
    this.#most = most;
    this.#forget = forget;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** It waits, from now on or already. */
  keep(one: One): void {
    this.#kept.add(one);
    if (this.#kept.size <= this.#most) return;
    const [oldest] = this.#kept;
    if (oldest === undefined) return;
    this.#kept.delete(oldest);
    this.#forget(oldest);
  }

  /** It is over by itself. */
  ended(one: One): void {
    this.#kept.delete(one);
  }
}
