/** A request larger than this must not go by UDP where TCP works (RFC 3261 §18.1.1). */
export const MAX_DATAGRAM_BYTES = 1300;

/** How much one peer may ask of us before it is ignored; far above what an honest one does. */
export interface Limits {
  /** Start line and headers. */
  readonly headBytes: number;
  /** One header, continuation lines included. */
  readonly lineBytes: number;
  readonly headers: number;
  readonly bodyBytes: number;
  /** From one address, sustained and in one burst. */
  readonly messagesPerSecond: number;
  readonly burst: number;
  readonly connectionsPerAddress: number;
  readonly connections: number;
  /** Bytes of unfinished messages kept for all connections together; who goes beyond is cut. */
  readonly unfinishedBytes: number;
  /** Requests that wait for their answer; further ones get 503 (RFC 3261 §21.5.4). */
  readonly transactions: number;
  /** Answered transactions that wait for copies, of each side; the oldest is forgotten before its time (RFC 3261 §17). */
  readonly answered: number;
  /** A TCP peer that takes longer for one message is cut, milliseconds. */
  readonly slowPeerMs: number;
  /** A TCP connection without any message is closed, milliseconds. */
  readonly idlePeerMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  headBytes: 16_384,
  lineBytes: 4096,
  headers: 256,
  bodyBytes: 262_144,
  messagesPerSecond: 5000,
  burst: 20_000,
  connectionsPerAddress: 500,
  connections: 2000,
  unfinishedBytes: 32 << 20,
  transactions: 1000,
  answered: 2000,
  slowPeerMs: 10_000,
  idlePeerMs: 3_600_000,
};

/** More addresses than this are not remembered: all start anew. */
const MAX_SOURCES = 10_000;

interface Bucket {
  tokens: number;
  filledAt: number;
}

export type Rate = Pick<Limits, "messagesPerSecond" | "burst">;

/** A token bucket for each source address. */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;

  constructor(limits: Rate, now: () => number = () => performance.now()) {
    this.#perSecond = limits.messagesPerSecond;
    this.#burst = limits.burst;
    this.#now = now;
  }

  /** Whether one more message from `address` is welcome now. */
  admit(address: string): boolean {
    const now = this.#now();
    const bucket = this.#buckets.get(address) ?? this.#open(address, now);
    const earned = ((now - bucket.filledAt) / 1000) * this.#perSecond;
    bucket.tokens = Math.min(this.#burst, bucket.tokens + earned);
    bucket.filledAt = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #open(address: string, now: number): Bucket {
    if (this.#buckets.size >= MAX_SOURCES) this.#buckets.clear();
    const bucket = { tokens: this.#burst, filledAt: now };
    this.#buckets.set(address, bucket);
    return bucket;
  }
}
