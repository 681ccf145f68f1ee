/** How much one server takes on: conferences, people, and callers a second. Whoever comes after that is told to come again later. */

import { type Rate, RateLimit } from "#sip/limits.ts";
import { SipError } from "#sip/sip-error.ts";

export interface Limits {
  readonly conferences: number;
  readonly participants: number;
  readonly subscriptionsEach: number;
  /** Calls to conferences from one address. */
  readonly joinsEach: Rate;
  readonly joinsInAll: Rate;
}

/** What is said to whoever there is no room for now: when to ask again, in seconds (RFC 3261 §20.33). */
export const RETRY_AFTER = { "retry-after": "10" };

/** A proxy or a gateway is one address: enough for all of a full server to come back at once. */
export const LIMITS: Limits = {
  conferences: 2_000,
  participants: 4_000,
  subscriptionsEach: 4,
  joinsEach: { messagesPerSecond: 500, burst: 5_000 },
  joinsInAll: { messagesPerSecond: 1_000, burst: 10_000 },
};

/** What there is now. */
export interface Load {
  /** Whether any mixer lives. */
  readonly mixed: boolean;
  readonly conferences: ReadonlyMap<string, unknown>;
  /** In conferences, waiting to get in, and being called by the server. */
  readonly participants: number;
  /** In this conference, waiting to get in, and being called. */
  countOf(id: string): number;
  /** How many its policy lets in. */
  capacityOf(id: string): number;
}

/** A dispatcher reads these: another server may hold the conference, for this one does not (servers/proxy/kamailio). */
const DRAINING = "Draining";
const NO_MIXER = "No Mixer";
const FULL = "Server Full";

/** The key of the bucket that all callers share; no address is empty. */
const ALL = "";

export class Capacity {
  /** No conference is begun any more; those that are held go on, and people may join them. */
  draining = false;
  readonly #limits: Limits;
  readonly #load: () => Load;
  readonly #each: RateLimit;
  readonly #inAll: RateLimit;
  #arriving = 0;
  /** How many are on their way into each conference. */
  readonly #arrivingAt = new Map<string, number>();

  constructor(limits: Limits, load: () => Load) {
    this.#limits = limits;
    this.#load = load;
    this.#each = new RateLimit(limits.joinsEach);
    this.#inAll = new RateLimit(limits.joinsInAll);
  }

  get subscriptionsEach(): number {
    return this.#limits.subscriptionsEach;
  }

  /** Runs `come` for one caller from this address. Throws SipError 503 when too many have called of late. */
  async arriving(address: string, come: () => Promise<void>): Promise<void> {
    if (!this.#each.admit(address) || !this.#inAll.admit(ALL)) throw full("Too Many Calls");
    this.#arriving += 1;
    try {
      await come();
    } finally {
      this.#arriving -= 1;
    }
  }

  /** Counts a newcomer as one of this conference while `come` runs. Throws SipError 503 when it is full. */
  async arrivingAt(id: string, come: () => Promise<void>): Promise<void> {
    const coming = this.#arrivingAt.get(id) ?? 0;
    this.#checkConference(id, coming + 1);
    this.#arrivingAt.set(id, coming + 1);
    try {
      await come();
    } finally {
      const left = (this.#arrivingAt.get(id) ?? 1) - 1;
      if (left > 0) this.#arrivingAt.set(id, left);
      else this.#arrivingAt.delete(id);
    }
  }

  /** Throws SipError 503 when the server has no place for this conference, or for one caller more. */
  makeRoom(id: string, who: "caller" | "participant"): void {
    const { conferences, mixed } = this.#load();
    const isHeld = conferences.has(id);
    if (!isHeld && this.draining) throw full(DRAINING);
    const begins = !isHeld && !this.#arrivingAt.has(id);
    if (begins && !mixed) throw full(NO_MIXER);
    if (!this.#hasRoom(id, who === "caller" ? this.#arriving : 0))
      throw full(begins ? FULL : "Service Unavailable");
  }

  /** Counts a participant of another conference as one of this while `move` takes him there. Throws SipError 503 as both. */
  async moving(id: string, move: () => Promise<void>): Promise<void> {
    this.makeRoom(id, "participant");
    await this.arrivingAt(id, move);
  }

  /** The same for some that the server is about to call. Throws SipError 503 when the conference is full, too. */
  makeRoomForCalls(id: string, count: number): void {
    if (!this.#hasRoom(id, this.#arriving + count)) throw full("Service Unavailable");
    this.#checkConference(id, (this.#arrivingAt.get(id) ?? 0) + count);
  }

  /** Whether one more caller would get in now. */
  welcomes(id: string): boolean {
    return this.#hasRoom(id, this.#arriving + 1) && this.#isOpen(id, 1);
  }

  #checkConference(id: string, coming: number): void {
    if (!this.#isOpen(id, coming)) throw full("The Conference Is Full");
  }

  #isOpen(id: string, coming: number): boolean {
    const { countOf, capacityOf } = this.#load();
    return countOf(id) + coming <= capacityOf(id);
  }

  #hasRoom(id: string, arriving: number): boolean {
    const { conferences, participants } = this.#load();
    const isFull = arriving > 0 && participants + arriving > this.#limits.participants;
    const most = this.draining ? 0 : this.#limits.conferences;
    return !isFull && (conferences.has(id) || conferences.size < most);
  }
}

function full(reason: string): SipError {
  return new SipError(503, reason);
}
