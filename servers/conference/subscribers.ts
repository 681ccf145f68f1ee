/** Who is told about a conference, and by right of which member (RFC 6665 §4.2, RFC 4575 §3.5). */

import type { IncomingSubscribe } from "#sip/incoming-subscribe.ts";
import type { Notifier } from "#sip/notify.ts";
import { Counts, Documents } from "./documents.ts";
import { RosterNotifier } from "./notifier.ts";
import type { Roster } from "./roster.ts";

/** A roster that people look at is live at ten documents a second; the RFC's five seconds are too slow for it (§3.9). */
const MEMBERS_RATE = 10;
/** Whoever only learns how many are there waits as the RFC recommends. */
const STRANGERS_RATE = 1 / 5;
/** In one conference; strangers must not take the place of members. */
const MOST_STRANGERS = 100;
/** Subscribers who are told in one turn, so that whoever joins meanwhile is not kept waiting. */
const AT_ONCE = 50;

/** What a subscriber is told when what it watched is gone for it (RFC 6665 §4.1.3). */
const NO_RESOURCE = "noresource";
const RETRY_AFTER = { "retry-after": "10" };

/** Whoever has the right to the roster; told apart, and otherwise not looked at. */
type Member = object;

interface Subscription {
  readonly roster: RosterNotifier;
  /** Whose membership gives the right to the roster; nobody's: only to the count. */
  member: Member | undefined;
}

export class Subscribers {
  readonly #documents: Documents;
  readonly #counts: Counts;
  readonly #subscriptions = new Map<Notifier, Subscription>();
  readonly #ofMembers = new Map<Member, Set<Notifier>>();
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

  /** A SUBSCRIBE of a member, who may have `most`, or of a stranger: accepted and answered in full, or refused. */
  subscribed(subscribe: IncomingSubscribe, member: Member | undefined, most: number): void {
    const has = member ? (this.#ofMembers.get(member)?.size ?? 0) : this.#strangers;
    if (has >= (member ? most : MOST_STRANGERS)) {
      // A member has to end one of its own; a stranger's turn comes.
      subscribe.reject(503, undefined, member ? {} : RETRY_AFTER);
      return;
    }
    const notifier: Notifier = subscribe.accept({
      onRefresh: () => this.#of(notifier)?.full(),
      onMissed: () => this.#of(notifier)?.missed(),
      onDue: () => this.#of(notifier)?.due(),
      onEnded: () => this.#ended(notifier),
      mostRate: member ? MEMBERS_RATE : STRANGERS_RATE,
    });
    this.#admit(notifier, member);
  }

  /** Something changed in the roster. */
  tell(): void {
    for (const roster of this.#calm) this.#behind.add(roster);
    this.#calm.clear();
    if (!this.#telling) this.#tellSome();
  }

  /** Who watched by right of a member who leaves goes on by right of another, or is told that there is nothing more to see. */
  pass(from: Member, to: Member | undefined, conferenceIsOver: boolean): void {
    for (const notifier of this.#ofMembers.get(from) ?? []) {
      const subscription = this.#subscriptions.get(notifier);
      if (!subscription) continue;
      if (to === undefined) this.#drop(notifier, subscription, conferenceIsOver);
      else {
        subscription.member = to;
        this.#ofMember(to).add(notifier);
      }
    }
    this.#ofMembers.delete(from);
  }

  /** The conference is over. */
  close(): void {
    for (const [notifier, subscription] of this.#subscriptions) this.#drop(notifier, subscription, true);
  }

  #admit(notifier: Notifier, member: Member | undefined): void {
    const told = member ? this.#documents : this.#counts;
    const roster: RosterNotifier = new RosterNotifier(notifier, told, () => this.#calm.add(roster));
    this.#subscriptions.set(notifier, { roster, member });
    if (member) this.#ofMember(member).add(notifier);
    else this.#strangers += 1;
    roster.full();
    // Whoever asked for the state once has had it.
    if (!notifier.active) this.#ended(notifier);
  }

  #of(notifier: Notifier): RosterNotifier | undefined {
    return this.#subscriptions.get(notifier)?.roster;
  }

  #ofMember(member: Member): Set<Notifier> {
    const all = this.#ofMembers.get(member) ?? new Set();
    this.#ofMembers.set(member, all);
    return all;
  }

  /** The subscription ended at the subscriber's side. */
  #ended(notifier: Notifier): void {
    this.#of(notifier)?.ended();
    this.#forget(notifier);
  }

  #drop(notifier: Notifier, { roster }: Subscription, conferenceIsOver: boolean): void {
    this.#forget(notifier);
    roster.end(NO_RESOURCE, conferenceIsOver);
  }

  #forget(notifier: Notifier): void {
    const subscription = this.#subscriptions.get(notifier);
    if (!subscription) return;
    const { roster, member } = subscription;
    this.#subscriptions.delete(notifier);
    this.#calm.delete(roster);
    this.#behind.delete(roster);
    if (member === undefined) this.#strangers -= 1;
    else if (this.#ofMember(member).delete(notifier) && this.#ofMember(member).size === 0)
      this.#ofMembers.delete(member);
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
