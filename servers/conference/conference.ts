/** One conference: its participants, its roster, and those who are told about it (RFC 4353 §4). */

import { randomBytes } from "node:crypto";
import { receives } from "#sdp/session.ts";
import type { SipUri } from "#sip/message.ts";
import type { Notifier } from "#sip/notify.ts";
import { parseUri } from "#sip/uri.ts";
import type { Identity } from "./identity.ts";
import { sameOwner } from "./identity.ts";
import { RosterNotifier } from "./notifier.ts";
import type { Participant } from "./participant.ts";
import { Policies } from "./policies.ts";
import type { Policy, PolicyChange } from "./policy.ts";
import { titleOf } from "./rights.ts";
import {
  type Absent,
  emptyRoster,
  isPresent,
  type Named,
  type Present,
  type Roster,
  withEndpoint,
  withoutEndpoint,
} from "./roster.ts";

/** Where a participant stands in the roster. */
interface Place {
  readonly user: string;
  readonly endpoint: string;
  readonly displayText: string;
}

interface Subscription {
  /** Whose membership gives the right to the roster. */
  readonly member: Participant;
  readonly notifier: RosterNotifier;
}

/** What a subscriber is told when what it watched is gone for it (RFC 6665 §4.1.3). */
const NO_RESOURCE = "noresource";

export class Conference {
  readonly id: string;
  readonly #places = new Map<Participant, Place>();
  readonly #subscriptions = new Map<Notifier, Subscription>();
  readonly #policies: Policies;
  #roster: Roster;
  #guests = 0;
  #seats = 0;

  /** `policies` has what was set up for it, and keeps what is changed. */
  constructor(id: string, entity: SipUri, policies = new Policies()) {
    this.id = id;
    this.#policies = policies;
    this.#roster = { ...emptyRoster(entity, titleOf(id)), ...shown(id, this.policy) };
  }

  get policy(): Policy {
    return this.#policies.of(this.id);
  }

  /** The roster shows title and lock; what was decided before, such as who is in, stays. */
  setPolicy(change: PolicyChange): void {
    this.#roster = { ...this.#roster, ...shown(this.id, this.#policies.change(this.id, change)) };
    this.#tell();
  }

  get roster(): Roster {
    return this.#roster;
  }

  get size(): number {
    return this.#places.size;
  }

  get locked(): boolean {
    return this.policy.locked;
  }

  /** Who is in it, in the order they came, and what the roster calls each. */
  get seats(): ReadonlyMap<Participant, Place> {
    return this.#places;
  }

  /** Whether somebody here may do all there is to do. */
  get moderated(): boolean {
    return [...this.#places.keys()].some(({ moderator }) => moderator);
  }

  has(participant: Participant): boolean {
    return this.#places.has(participant);
  }

  /** A participant with this From and signalling address; the anonymous cannot be told apart and are nobody. */
  findMember(identity: Identity): Participant | undefined {
    if (identity.anonymous) return undefined;
    return [...this.#places.keys()].find((participant) => sameOwner(participant.identity, identity));
  }

  /** All calls of a user: by AOR, or by the entity that the roster gives the nameless. */
  find(user: string): Participant[] {
    const found = [...this.#places].filter(
      ([{ identity }, place]) => place.user === user || (!identity.anonymous && identity.aor === user),
    );
    return found.map(([participant]) => participant);
  }

  /** Somebody who waits, is being called, or was in vain; who is there already stays so. */
  call(user: string, endpoint: Absent): void {
    if (this.#isSeated(user, endpoint.entity)) return;
    this.#roster = withEndpoint(this.#roster, user, endpoint);
    this.#tell();
  }

  /** Nobody calls there any more. */
  uncall(user: string, endpoint: string): void {
    if (this.#isSeated(user, endpoint)) return;
    this.#roster = withoutEndpoint(this.#roster, user, endpoint);
    this.#tell();
  }

  isCalling(user: string): boolean {
    const endpoints = [...(this.#roster.users.get(user)?.endpoints.values() ?? [])];
    return endpoints.some(({ status }) => status === "dialing-out" || status === "alerting");
  }

  add(participant: Participant): void {
    this.#seat(participant, this.#placeOf(participant));
    this.#tell();
  }

  /** One call of a user takes the place of another; whoever watched by right of the first goes on watching. */
  replace(old: Participant, participant: Participant): void {
    const place = this.#places.get(old) ?? this.#placeOf(participant);
    this.#seat(participant, { ...place, endpoint: this.#endpointOf(participant) });
    this.#unseat(old);
    this.#passSubscriptions(old, participant);
    this.#tell();
  }

  /** Takes a participant out; those who watched by their right alone are told that there is nothing more to see. */
  remove(participant: Participant): void {
    if (!this.#places.has(participant)) return;
    this.#unseat(participant);
    this.#passSubscriptions(participant, this.findMember(participant.identity));
    this.#tell();
  }

  /** The participant's media or talking changed. */
  changed(participant: Participant): void {
    const place = this.#places.get(participant);
    if (place === undefined) return;
    this.#seat(participant, place);
    this.#tell();
  }

  /** A new subscriber, who is sent the whole roster at once. */
  watch(member: Participant, notifier: Notifier): void {
    const roster = new RosterNotifier(notifier, () => this.#roster);
    this.#subscriptions.set(notifier, { member, notifier: roster });
    roster.full();
  }

  /** How many subscriptions this member has. */
  watches(member: Participant): number {
    return [...this.#subscriptions.values()].filter((subscription) => subscription.member === member).length;
  }

  /** A subscriber asks again for the whole roster (RFC 4575 §4.4). */
  refresh(notifier: Notifier): void {
    this.#subscriptions.get(notifier)?.notifier.full();
  }

  /** The subscription ended at the subscriber's side. */
  unwatch(notifier: Notifier): void {
    this.#subscriptions.get(notifier)?.notifier.ended();
    this.#subscriptions.delete(notifier);
  }

  #tell(): void {
    for (const { notifier } of this.#subscriptions.values()) notifier.changed();
  }

  #placeOf(participant: Participant): Place {
    const { name, aor } = participant.identity;
    const endpoint = this.#endpointOf(participant);
    if (name !== undefined) return { user: aor, endpoint, displayText: name };
    this.#guests += 1;
    const host = parseUri(this.#roster.entity)?.host ?? "anonymous.invalid";
    return {
      user: `sip:anon-${randomBytes(8).toString("hex")}@${host}`,
      endpoint,
      displayText: `Guest ${this.#guests}`,
    };
  }

  /** The Contact of the call; a phone that gives two calls one Contact has them told apart by a parameter. */
  #endpointOf(participant: Participant): string {
    const contact = participant.phone.remoteContact.uri;
    const taken = [...this.#places.values()].some(({ endpoint }) => endpoint === contact);
    if (!taken) return contact;
    this.#seats += 1;
    return `${contact};seat=${this.#seats}`;
  }

  #seat(participant: Participant, place: Place): void {
    this.#places.set(participant, place);
    const { endpoint: entity, displayText, user } = place;
    const endpoint = { entity, displayText, ...presenceOf(participant) };
    this.#roster = withEndpoint(this.#roster, user, endpoint, participant.moderator);
  }

  #isSeated(user: string, endpoint: string): boolean {
    const known = this.#roster.users.get(user)?.endpoints.get(endpoint);
    return known !== undefined && isPresent(known);
  }

  #unseat(participant: Participant): void {
    const place = this.#places.get(participant);
    this.#places.delete(participant);
    if (place) this.#roster = withoutEndpoint(this.#roster, place.user, place.endpoint);
  }

  #passSubscriptions(from: Participant, to: Participant | undefined): void {
    for (const [key, { member, notifier }] of this.#subscriptions) {
      if (member !== from) continue;
      if (to !== undefined) this.#subscriptions.set(key, { member: to, notifier });
      else this.#drop(key, notifier);
    }
  }

  #drop(key: Notifier, notifier: RosterNotifier): void {
    this.#subscriptions.delete(key);
    notifier.end(NO_RESOURCE);
  }
}

function presenceOf({
  joined,
  media,
  talking,
  silenced,
  standing,
  hand,
}: Participant): Omit<Present, keyof Named> {
  const heard = silenced ? "muted-via-focus" : "connected";
  const status = receives(media) ? heard : "on-hold";
  return { status, method: standing.method, joined, media, talking, hand };
}

/** What the roster has of a policy; a PIN or a token it never has. */
function shown(id: string, { title, locked }: Policy): Pick<Roster, "title" | "locked"> {
  return { title: title ?? titleOf(id), locked };
}
