/** The location service: which Contacts a user has registered, and for how long (RFC 3261 §10.3). */

import type { SipUri } from "#sip/message.ts";

/** One registered Contact. Times are of the clock handed to the location service. */
export interface Binding {
  readonly contact: SipUri;
  readonly callId: string;
  readonly seq: number;
  readonly expiresAtMs: number;
}

/** Monotonic: a change of the wall clock neither ends a binding nor keeps it. */
const MONOTONIC = (): number => performance.now();

export class Location {
  readonly #now: () => number;
  readonly #users = new Map<string, readonly Binding[]>();

  constructor(now: () => number = MONOTONIC) {
    this.#now = now;
  }

  get nowMs(): number {
    return this.#now();
  }

  /** How many users have a binding, or had one and nobody asked since. */
  get size(): number {
    return this.#users.size;
  }

  /** The bindings of this user that have not expired; the latest first. */
  bindings(user: string): readonly Binding[] {
    const known = this.#users.get(user) ?? [];
    const live = known.filter(({ expiresAtMs }) => expiresAtMs > this.#now());
    if (live.length !== known.length) this.replace(user, live);
    return live;
  }

  /** These are the user's bindings from now on. */
  replace(user: string, bindings: readonly Binding[]): void {
    if (bindings.length === 0) this.#users.delete(user);
    else this.#users.set(user, bindings);
  }

  /** Forgets whatever has expired. */
  sweep(): void {
    for (const user of this.#users.keys()) this.bindings(user);
  }
}
