/** Transactions that have had their answer and only wait for copies of it; when they are too many, the oldest waits no longer. */
export class Forgetful<Transaction> {
  readonly #most: number;
  readonly #forget: (oldest: Transaction) => void;
  readonly #kept = new Set<Transaction>();

  constructor(most: number, forget: (oldest: Transaction) => void) {
    this.#most = most;
    this.#forget = forget;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** It has been answered, now or before. */
  keep(transaction: Transaction): void {
    this.#kept.add(transaction);
    if (this.#kept.size <= this.#most) return;
    const [oldest] = this.#kept;
    if (oldest === undefined) return;
    this.#kept.delete(oldest);
    this.#forget(oldest);
  }

  /** It is over by itself. */
  ended(transaction: Transaction): void {
    this.#kept.delete(transaction);
  }
}
