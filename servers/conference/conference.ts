/** One conference: its participants, its roster, and those who are told about it (RFC 4353 §4). */

import { randomBytes } from "node:crypto";
import { receives } from "#sdp/session.ts";
import type { SipUri } from "#sip/message.ts";
import type { Identity } from "./identity.ts";
import { sameOwner } from "./identity.ts";
import type { Participant } from "./participant.ts";
import { Policies } from "./policies.ts";
import type { Policy, PolicyChange } from "./policy.ts";
import { titleOf } from "./rights.ts";
import { type Absent, type Head, isPresent, type Named, type Present, Roster } from "./roster.ts";
import { Subscribers } from "./subscribers.ts";
import { WaitingWatchers } from "./waiting-watchers.ts";

/** Where a participant stands in the roster. */
interface Place {
  readonly user: string;
  readonly endpoint: string;
  readonly displayText: string;
}

export class Conference {
  readonly id: string;
  readonly roster: Roster;
  readonly subscribers: Subscribers;
  /** Those who watch themselves wait. */
  readonly waitingWatchers: WaitingWatchers;
  readonly #places = new Map<Participant, Place>();
  readonly #policies: Policies;
  /** Calls by AOR. */
  readonly #calls = new Map<string, Set<Participant>>();
  /** Endpoints that are taken. */
  readonly #endpoints = new Set<string>();
  readonly #waiting = new Map<Participant, Place>();
  #guests = 0;
  #seats = 0;

  /** `policies` has what was set up for it, and keeps what is changed. */
  constructor(id: string, entity: SipUri, policies = new Policies()) {
    this.id = id;
    this.#policies = policies;
    this.roster = new Roster(entity, titleOf(id));
    this.roster.describe(shown(id, this.policy));
    this.subscribers = new Subscribers(this.roster);
    this.waitingWatchers = new WaitingWatchers(entity);
  }

  get policy(): Policy {
    return this.#policies.of(this.id);
  }

  /** The roster shows title and lock; what was decided before, such as who is in, stays. */
  setPolicy(change: PolicyChange): void {
    this.roster.describe(shown(this.id, this.#policies.change(this.id, change)));
    this.subscribers.tell();
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

  /** Who waits to be let in, in the order they came; they are no members yet. */
  get waiting(): ReadonlyMap<Participant, Place> {
    return this.#waiting;
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
    const calls = this.#calls.get(identity.aor) ?? [];
    return [...calls].find((participant) => sameOwner(participant.identity, identity));
  }

  /** All calls of a user: by AOR, or by the entity that the roster gives the nameless. */
  find(user: string): Participant[] {
    return called(this.#places, user);
  }

  /** The same of those who wait to be let in. */
  findWaiting(user: string): Participant[] {
    return called(this.#waiting, user);
  }

  /** Somebody who waits, is being called, or was in vain; who is there already stays so. */
  call(user: string, endpoint: Absent): void {
    if (this.#isSeated(user, endpoint.entity)) return;
    this.roster.put(user, endpoint);
    this.subscribers.tell();
  }

  /** Nobody calls there any more. */
  uncall(user: string, endpoint: string): void {
    if (this.#isSeated(user, endpoint)) return;
    this.roster.take(user, endpoint);
    this.subscribers.tell();
  }

  isCalling(user: string): boolean {
    const endpoints = [...(this.roster.users.get(user)?.endpoints.values() ?? [])];
    return endpoints.some(({ status }) => status === "dialing-out" || status === "alerting");
  }

  add(participant: Participant): void {
    const place = this.#waiting.get(participant) ?? this.#placeOf(participant);
    this.#waiting.delete(participant);
    this.#seat(participant, place);
    this.waitingWatchers.over(participant);
    this.subscribers.tell();
  }

  /** Somebody waits to be let in, and is listed so (RFC 4575 §5.7.3 `pending`). */
  wait(participant: Participant): void {
    const place = this.#placeOf(participant);
    const { user, endpoint: entity, displayText } = place;
    this.#waiting.set(participant, place);
    this.#endpoints.add(entity);
    this.call(user, { entity, displayText, status: "pending", method: participant.standing.method });
  }

  /** One call of a user takes the place of another; whoever watched by right of the first goes on watching. */
  replace(old: Participant, participant: Participant): void {
    const place = this.#places.get(old) ?? this.#placeOf(participant);
    this.#seat(participant, { ...place, endpoint: this.#endpointOf(participant) });
    this.#unseat(old);
    this.subscribers.pass(old, participant, false);
    this.subscribers.tell();
  }

  /** Takes a participant out; those who watched by their right alone are told that there is nothing more to see. */
  remove(participant: Participant): void {
    this.waitingWatchers.over(participant);
    const waited = this.#waiting.get(participant);
    if (waited) this.#turnAway(participant, waited);
    if (!this.#places.has(participant)) return;
    this.#unseat(participant);
    const over = this.size === 0 && this.#waiting.size === 0;
    this.subscribers.pass(participant, this.findMember(participant.identity), over);
    if (over) this.subscribers.close();
    else this.subscribers.tell();
  }

  /** The participant's media or talking changed. */
  changed(participant: Participant): void {
    const place = this.#places.get(participant);
    if (place === undefined) return;
    this.#seat(participant, place);
    this.subscribers.tell();
  }

  #placeOf(participant: Participant): Place {
    const { name, aor } = participant.identity;
    const endpoint = this.#endpointOf(participant);
    if (name !== undefined) return { user: aor, endpoint, displayText: name };
    this.#guests += 1;
    return {
      user: `sip:anon-${randomBytes(8).toString("hex")}@anonymous.invalid`,
      endpoint,
      displayText: `Guest ${this.#guests}`,
    };
  }

  /** The Contact of the call; a phone that gives two calls one Contact has them told apart by a parameter. */
  #endpointOf(participant: Participant): string {
    const contact = participant.phone.remoteContact.uri;
    if (!this.#endpoints.has(contact)) return contact;
    this.#seats += 1;
    return `${contact};seat=${this.#seats}`;
  }

  #seat(participant: Participant, place: Place): void {
    this.#places.set(participant, place);
    this.#endpoints.add(place.endpoint);
    const { aor } = participant.identity;
    this.#calls.set(aor, (this.#calls.get(aor) ?? new Set()).add(participant));
    const { endpoint: entity, displayText, user } = place;
    const endpoint = { entity, displayText, ...presenceOf(participant) };
    this.roster.put(user, endpoint, participant.moderator);
  }

  #turnAway(participant: Participant, { user, endpoint }: Place): void {
    this.#waiting.delete(participant);
    this.#endpoints.delete(endpoint);
    this.uncall(user, endpoint);
  }

  #isSeated(user: string, endpoint: string): boolean {
    const known = this.roster.users.get(user)?.endpoints.get(endpoint);
    return known !== undefined && isPresent(known);
  }

  #unseat(participant: Participant): void {
    const place = this.#places.get(participant);
    this.#places.delete(participant);
    if (!place) return;
    this.#endpoints.delete(place.endpoint);
    this.roster.take(place.user, place.endpoint);
    const calls = this.#calls.get(participant.identity.aor);
    if (calls?.delete(participant) && calls.size === 0) this.#calls.delete(participant.identity.aor);
  }
}

function presenceOf({
  joined,
  media,
  talking,
  silenced,
  conduct: { mutedBy },
  standing,
  hand,
}: Participant): Omit<Present, keyof Named> {
  const heard = silenced ? "muted-via-focus" : "connected";
  const status = receives(media) ? heard : "on-hold";
  const muting = mutedBy === undefined ? {} : { mutedBy };
  return { status, method: standing.method, joined, media, talking, ...muting, hand };
}

/** What the roster has of a policy; a PIN or a token it never has. */
function shown(id: string, { title, locked }: Policy): Pick<Head, "title" | "locked"> {
  return { title: title ?? titleOf(id), locked };
}

function called(places: ReadonlyMap<Participant, Place>, user: string): Participant[] {
  const found = [...places].filter(
    ([{ identity }, place]) => place.user === user || (!identity.anonymous && identity.aor === user),
  );
  return found.map(([participant]) => participant);
}
