/** How often one address may ask: so many at once, so many a second from then on. */

export interface Pace {
  readonly atOnce: number;
  readonly perSecond: number;
}

interface Bucket {
  left: number;
  at: number;
}

/** Addresses remembered; whoever comes then takes the place of the one that asked first. */
const MOST_ADDRESSES = 1_000;

export class Turnstile {
  readonly #pace: Pace;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** `now` is in milliseconds. */
  constructor(pace: Pace, now: () => number = () => performance.now()) {
    this.#pace = pace;
    this.#now = now;
  }

  /** 0 when this address may ask, else the seconds after which it may. */
  waitS(address: string): number {
    const { atOnce, perSecond } = this.#pace;
    const now = this.#now();
    const bucket = this.#buckets.get(address) ?? this.#newBucket(address, now);
    bucket.left = Math.min(atOnce, bucket.left + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    if (bucket.left < 1) return Math.max(1, Math.ceil((1 - bucket.left) / perSecond));
    bucket.left -= 1;
    return 0;
  }

  #newBucket(address: string, at: number): Bucket {
    const [first] = this.#buckets.keys();
    if (this.#buckets.size >= MOST_ADDRESSES && first !== undefined) this.#buckets.delete(first);
    const bucket = { left: this.#pace.atOnce, at };
    this.#buckets.set(address, bucket);
    return bucket;
  }
}
