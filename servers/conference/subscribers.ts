/** Who is told about a conference, and by right of which member (RFC 6665 §4.2, RFC 4575 §3.5). */

import type { IncomingSubscribe } from "#sip/incoming-subscribe.ts";
import type { Notifier } from "#sip/notify.ts";
import { RETRY_AFTER } from "./capacity.ts";
import { Counts, Documents } from "./documents.ts";
import { RosterNotifier } from "./notifier.ts";
import type { Roster } from "./roster.ts";

/** A roster that people look at is live at ten documents a second; the RFC's five seconds are too slow for it (§3.9). */
const MEMBERS_RATE = 10;
/** Whoever only learns how many are there waits as the RFC recommends. */
const STRANGERS_RATE = 1 / 5;
/** In one conference; strangers must not take the place of members, nor those at one address that of all. */
const MOST_STRANGERS = 100;
const MOST_AT_ONE_ADDRESS = 10;
/** Subscribers who are told in one turn, so that whoever joins meanwhile is not kept waiting. */
const AT_ONCE = 50;

/** What a subscriber is told when what it watched is gone for it (RFC 6665 §4.1.3). */
const NO_RESOURCE = "noresource";

/** Whoever has the right to the roster; told apart, and otherwise not looked at. */
type Member = object;
/** Where whoever has no right to more than the count sends from. */
type Address = string;

export interface Watcher {
  /** A member, or the address of a stranger. */
  readonly who: Member | Address;
  /** How many subscriptions a member may have. */
  readonly most: number;
}

interface Subscription {
  readonly roster: RosterNotifier;
  /** The member whose membership gives the right to the roster, or the stranger. */
  who: Member | Address;
}

export class Subscribers {
  readonly #documents: Documents;
  readonly #counts: Counts;
  readonly #subscriptions = new Map<Notifier, Subscription>();
  readonly #ofEach = new Map<Member | Address, Set<Notifier>>();
  /** Those who have been told everything, or are about to be. */
  readonly #calm = new Set<RosterNotifier>();
  /** Those who have yet to hear that there is something to hear. */
  readonly #behind = new Set<RosterNotifier>();
  #strangers = 0;
  #telling = false;

  constructor(roster: Roster) {
    this.#documents = new Documents(roster);
    this.#counts = new Counts(roster);
  }

  /** A SUBSCRIBE of a member or of a stranger: accepted and answered in full, or refused. */
  subscribed(subscribe: IncomingSubscribe, { who, most }: Watcher): void {
    const stranger = isStranger(who);
    const has = this.#ofEach.get(who)?.size ?? 0;
    const isFull = stranger && this.#strangers >= MOST_STRANGERS;
    if (isFull || has >= (stranger ? MOST_AT_ONE_ADDRESS : most)) {
      // A member has to end one of its own; a stranger's turn comes.
      subscribe.reject(503, undefined, stranger ? RETRY_AFTER : {});
      return;
    }
    const notifier: Notifier = subscribe.accept({
      onRefresh: () => this.#roster(notifier)?.full(),
      onMissed: () => this.#roster(notifier)?.missed(),
      onDue: () => this.#roster(notifier)?.due(),
      onEnded: () => this.#ended(notifier),
      mostRate: stranger ? STRANGERS_RATE : MEMBERS_RATE,
    });
    this.#admit(notifier, who);
  }

  /** Something changed in the roster. */
  tell(): void {
    for (const roster of this.#calm) this.#behind.add(roster);
    this.#calm.clear();
    if (!this.#telling) this.#tellSome();
  }

  /** Who watched by right of a member who leaves goes on by right of another, or is told that there is nothing more to see. */
  pass(from: Member, to: Member | undefined, conferenceIsOver: boolean): void {
    for (const notifier of this.#ofEach.get(from) ?? []) {
      const subscription = this.#subscriptions.get(notifier);
      if (!subscription) continue;
      if (to === undefined) this.#drop(notifier, subscription, conferenceIsOver);
      else {
        subscription.who = to;
        this.#of(to).add(notifier);
      }
    }
    this.#ofEach.delete(from);
  }

  /** The conference is over. */
  close(): void {
    for (const [notifier, subscription] of this.#subscriptions) this.#drop(notifier, subscription, true);
  }

  #admit(notifier: Notifier, who: Member | Address): void {
    const told = isStranger(who) ? this.#counts : this.#documents;
    const roster: RosterNotifier = new RosterNotifier(notifier, told, () => this.#calm.add(roster));
    this.#subscriptions.set(notifier, { roster, who });
    this.#of(who).add(notifier);
    if (isStranger(who)) this.#strangers += 1;
    roster.full();
    // Whoever asked for the state once has had it.
    if (!notifier.active) this.#ended(notifier);
  }

  #roster(notifier: Notifier): RosterNotifier | undefined {
    return this.#subscriptions.get(notifier)?.roster;
  }

  #of(who: Member | Address): Set<Notifier> {
    const all = this.#ofEach.get(who) ?? new Set();
    this.#ofEach.set(who, all);
    return all;
  }

  /** The subscription ended at the subscriber's side. */
  #ended(notifier: Notifier): void {
    this.#roster(notifier)?.ended();
    this.#forget(notifier);
  }

  #drop(notifier: Notifier, { roster }: Subscription, conferenceIsOver: boolean): void {
    this.#forget(notifier);
    roster.end(NO_RESOURCE, conferenceIsOver);
  }

  #forget(notifier: Notifier): void {
    const subscription = this.#subscriptions.get(notifier);
    if (!subscription) return;
    const { roster, who } = subscription;
    this.#subscriptions.delete(notifier);
    this.#calm.delete(roster);
    this.#behind.delete(roster);
    if (isStranger(who)) this.#strangers -= 1;
    const left = this.#of(who);
    left.delete(notifier);
    if (left.size === 0) this.#ofEach.delete(who);
  }

  #tellSome(): void {
    for (const roster of [...this.#behind].slice(0, AT_ONCE)) {
      this.#behind.delete(roster);
      roster.changed();
    }
    this.#telling = this.#behind.size > 0;
    if (this.#telling) setImmediate(() => this.#tellSome());
  }
}

function isStranger(who: Member | Address): who is Address {
  return typeof who === "string";
}
