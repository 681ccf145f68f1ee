/**
 * Ends the legs of owners that are gone. Each owner is asked on one of its legs at a time, by turns, whether it still knows it
 * (OPTIONS in the dialog, RFC 3261 §11). An answer that it does not (481) means that the owner has begun anew, or has lost this
 * one leg: all of its legs are asked then, and the dialogs that are unknown end by the rule of RFC 3261 §12.2.1.2. An owner that
 * says nothing is given time to come back, for its people go on hearing one another; then its legs are ended.
 */
import type { Leg } from "#sip/leg.ts";
import { parseUri } from "#sip/uri.ts";

export interface OwnersOptions {
  /** How often each owner is asked, and how long one that is silent is waited for; milliseconds. */
  readonly everyMs?: number;
  readonly patienceMs?: number;
  /** Ends a leg whose owner is gone. */
  readonly end: (leg: Leg) => void;
}

interface Owner {
  readonly legs: Set<Leg>;
  asking: boolean;
}

const EVERY_MS = 3_000;
const PATIENCE_MS = 15_000;

/** So many legs of one owner are asked at once, when all must be. */
const AT_ONCE = 10;

export class Owners {
  readonly #options: OwnersOptions;
  readonly #owners = new Map<string, Owner>();
  readonly #clock: NodeJS.Timeout;

  constructor(options: OwnersOptions) {
    this.#options = options;
    this.#clock = setInterval(() => this.#askAll(), options.everyMs ?? EVERY_MS);
    this.#clock.unref();
  }

  /** How many owners have legs. */
  get count(): number {
    return this.#owners.size;
  }

  add(leg: Leg): void {
    const name = nameOf(leg);
    const owner = this.#owners.get(name) ?? { legs: new Set(), asking: false };
    this.#owners.set(name, owner);
    owner.legs.add(leg);
  }

  remove(leg: Leg): void {
    // The peer may have moved its Contact since, so its name of today need not be the one it was added under.
    for (const [name, { legs }] of this.#owners) {
      if (!legs.delete(leg)) continue;
      if (legs.size === 0) this.#owners.delete(name);
      return;
    }
  }

  close(): void {
    clearInterval(this.#clock);
    this.#owners.clear();
  }

  #askAll(): void {
    for (const owner of this.#owners.values()) if (!owner.asking) void this.#ask(owner);
  }

  /** Asks on the leg whose turn it is. */
  async #ask(owner: Owner): Promise<void> {
    const leg = [...owner.legs].find(({ state }) => state === "confirmed");
    if (!leg) return;
    // To the end of the line.
    owner.legs.delete(leg);
    owner.legs.add(leg);
    owner.asking = true;
    const patience = setTimeout(() => this.#give(owner), this.#options.patienceMs ?? PATIENCE_MS);
    const { status } = await leg.request("OPTIONS");
    clearTimeout(patience);
    if (status === 481) await this.#askEach(owner);
    owner.asking = false;
  }

  /** A leg whose dialog is unknown ends by itself, and says so to whoever holds it. */
  async #askEach(owner: Owner): Promise<void> {
    const legs = [...owner.legs].filter(({ state }) => state === "confirmed");
    const askNext = async () => {
      for (let leg = legs.pop(); leg; leg = legs.pop()) {
        if (leg.state === "confirmed") await leg.request("OPTIONS");
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, askNext));
  }

  #give(owner: Owner): void {
    for (const leg of [...owner.legs]) this.#options.end(leg);
  }
}

/** Where its requests go: one server, however many addresses its calls came from. */
function nameOf({ remoteContact }: Leg): string {
  const uri = parseUri(remoteContact.uri);
  return uri ? `${uri.host}:${uri.port ?? 5060}` : remoteContact.uri;
}
