/** The location service: which Contacts a user has registered, and for how long (RFC 3261 §10.3). */

import type { Hop, NameAddr, SipUri } from "#sip/message.ts";

/** One registered Contact. Times are of the clock handed to the location service. */
export interface Binding {
  readonly contact: SipUri;
  readonly callId: string;
  readonly seq: number;
  readonly expiresAtMs: number;
  /** How much the user wants to be called there, 0 to 1 (RFC 3261 §20.10). */
  readonly q?: number;
  /** The way there that the REGISTER asked for (RFC 3327 §5.4). */
  readonly path?: readonly NameAddr[];
  /** Where the REGISTER came from, when requests shall go back the same way: over its connection (RFC 5626 §5.3). */
  readonly flow?: Hop;
  /** Which device this is, and which of its ways to us (RFC 5626 §4.1). */
  readonly device?: Device;
}

export interface Device {
  /** `"<urn:uuid:…>"` as it was written. */
  readonly instance: string;
  readonly regId?: string;
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

  /** The bindings of this user that have not expired: the most wanted first, then the latest. */
  bindings(user: string): readonly Binding[] {
    const known = this.#users.get(keyOf(user)) ?? [];
    const live = known.filter(({ expiresAtMs }) => expiresAtMs > this.#now());
    if (live.length !== known.length) this.replace(user, live);
    return live;
  }

  /** These are the user's bindings from now on. */
  replace(user: string, bindings: readonly Binding[]): void {
    const wanted = ({ q = 1 }: Binding) => q;
    if (bindings.length === 0) this.#users.delete(keyOf(user));
    else
      this.#users.set(
        keyOf(user),
        [...bindings].sort((one, other) => wanted(other) - wanted(one)),
      );
  }

  /** Forgets whatever has expired. */
  sweep(): void {
    for (const user of this.#users.keys()) this.bindings(user);
  }
}

/** One user, however the name was escaped (RFC 3261 §19.1.4). */
function keyOf(user: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(user));
  } catch {
    return user;
  }
}
