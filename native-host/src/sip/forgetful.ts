/** Those that only wait - for copies of a request that was answered, for an ACK; when they are too many, the oldest waits no longer. */

/** One that may wait; its neighbours in the queue stand in it, so that it leaves from anywhere at once. */
export class Waiting {
  earlier: Waiting | undefined;
  later: Waiting | undefined;
  /** With which it is kept; undefined when it is not. */
  size: number | undefined;
}

export class Forgetful<One extends Waiting> {
  readonly #most: number;
  readonly #roomFor: number;
  readonly #forget: (oldest: One) => void;
  #first: One | undefined;
  #last: One | undefined;
  #count = 0;
  #sizes = 0;

  /** So many, and so much of them by the sizes they are kept with. */
  constructor(most: number, forget: (oldest: One) => void, roomFor = Number.POSITIVE_INFINITY) {
    this.#most = most;
    this.#forget = forget;
    this.#roomFor = roomFor;
  }

  get size(): number {
    return this.#count;
  }

  /** It waits, from now on or already. */
  keep(one: One, size = 0): void {
    if (one.size !== undefined) return;
    one.size = size;
    one.earlier = this.#last;
    if (this.#last) this.#last.later = one;
    else this.#first = one;
    this.#last = one;
    this.#count += 1;
    this.#sizes += size;
    while (this.#first && (this.#count > this.#most || this.#sizes > this.#roomFor)) {
      const oldest = this.#first;
      this.ended(oldest);
      this.#forget(oldest);
    }
  }

  /** It is over by itself. */
  ended(one: One): void {
    if (one.size === undefined) return;
    const { earlier, later } = one;
    if (earlier) earlier.later = later;
    // Only those of one queue are neighbours.
    else this.#first = later as One | undefined;
    if (later) later.earlier = earlier;
    else this.#last = earlier as One | undefined;
    this.#count -= 1;
    this.#sizes -= one.size;
    one.earlier = undefined;
    one.later = undefined;
    one.size = undefined;
  }
}
