/** Who is in a conference, as a value: users and their endpoints in the words of RFC 4575 §5. */

import type { SipUri } from "#sip/message.ts";

export type MediaStatus = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** What everybody has who is, was or may soon be in the conference. */
export interface Named {
  readonly entity: string;
  readonly displayText: string;
}

/** Who called whom (RFC 4575 §5.7.4). */
type JoiningMethod = "dialed-in" | "dialed-out";

/**
 * One call of a user who is there (RFC 4575 §5.7). `media` is seen from the participant: `recvonly` is muted; whoever is
 * `on-hold` does not hear the conference either.
 */
export interface Present extends Named {
  readonly status: "connected" | "muted-via-focus" | "on-hold";
  readonly method: JoiningMethod;
  readonly joined: Date;
  readonly media: MediaStatus;
  readonly talking: boolean;
  /** Who had the conference listen to them no longer; missing while it listens. */
  readonly mutedBy?: "self" | "moderator";
  /** Whether their hand is raised. */
  readonly hand: boolean;
}

/** One who has called or was called, and waits to be let in. */
export interface Waiting extends Named {
  readonly status: "pending";
  readonly method: JoiningMethod;
}

/** One whom the focus calls and who has not answered. */
export interface Called extends Named {
  readonly status: "dialing-out" | "alerting";
}

/** One whom the focus called and who did not come, for a short while. */
export interface Missed extends Named {
  readonly status: "disconnected";
  /** What the phone answered, or 408. */
  readonly cause: number;
  readonly reason: string;
}

/** One who is not in the conference: not yet, or not after all. */
export type Absent = Waiting | Called | Missed;

export type Endpoint = Present | Absent;

/** One person with all the calls they have in this conference (RFC 4575 §5.6). */
export interface User {
  readonly entity: string;
  readonly displayText: string;
  readonly moderator: boolean;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
}

/** What the roster says of the conference as a whole. */
export interface Head {
  readonly title: string;
  /** Nobody more is let in (RFC 4575 §5.5.3). */
  readonly locked: boolean;
  /** How many people are there; those who wait or are only being called are not (§5.5.1). */
  readonly count: number;
}

/** What was otherwise at an earlier revision. */
export interface Past {
  readonly head: Head;
  /** Users as they were then; undefined: they were not there. */
  readonly users: ReadonlyMap<string, User | undefined>;
}

interface Change {
  readonly entity: string | undefined;
  readonly head: Head;
  readonly user: User | undefined;
}

/** Changes beyond as many as there are users are forgotten: a whole roster is no longer than they are. */
const SPARE_CHANGES = 50;

/** Users never change: one who did is a new one. Each change of the roster gives it the next revision. */
export class Roster {
  readonly entity: SipUri;
  readonly #users = new Map<string, User>();
  /** The last one led to the present revision. */
  #changes: Change[] = [];
  #head: Head;
  #revision = 0;

  constructor(entity: SipUri, title: string) {
    this.entity = entity;
    this.#head = { title, locked: false, count: 0 };
  }

  get head(): Head {
    return this.#head;
  }

  get title(): string {
    return this.#head.title;
  }

  get users(): ReadonlyMap<string, User> {
    return this.#users;
  }

  get revision(): number {
    return this.#revision;
  }

  describe(change: Partial<Pick<Head, "title" | "locked">>): void {
    const { title, locked } = { ...this.#head, ...change };
    if (title === this.#head.title && locked === this.#head.locked) return;
    this.#note(undefined, undefined, { ...this.#head, title, locked });
  }

  /** Adds this endpoint to its user, or changes it; the user's name is the one given last. */
  put(entity: string, endpoint: Endpoint, moderator?: boolean): void {
    const old = this.#users.get(entity);
    const { displayText } = endpoint;
    const role = moderator ?? old?.moderator ?? false;
    const known = old?.endpoints.get(endpoint.entity);
    if (known && same(known, endpoint) && old?.displayText === displayText && old.moderator === role) return;
    const endpoints = new Map(old?.endpoints).set(endpoint.entity, endpoint);
    this.#become(entity, { entity, displayText, moderator: role, endpoints });
  }

  /** Takes this endpoint out, and its user when it was their last. */
  take(userEntity: string, endpointEntity: string): void {
    const user = this.#users.get(userEntity);
    if (!user?.endpoints.has(endpointEntity)) return;
    const endpoints = new Map(user.endpoints);
    endpoints.delete(endpointEntity);
    this.#become(userEntity, endpoints.size === 0 ? undefined : { ...user, endpoints });
  }

  /** What was otherwise at that revision; undefined when that is too long ago to know. */
  at(revision: number): Past | undefined {
    const since = this.#revision - revision;
    if (since > this.#changes.length || since < 0) return undefined;
    const changes = since === 0 ? [] : this.#changes.slice(-since);
    const users = new Map<string, User | undefined>();
    for (const { entity, user } of changes)
      if (entity !== undefined && !users.has(entity)) users.set(entity, user);
    return { head: changes[0]?.head ?? this.#head, users };
  }

  #become(entity: string, now: User | undefined): void {
    const old = this.#users.get(entity);
    if (now) this.#users.set(entity, now);
    else this.#users.delete(entity);
    const count = this.#head.count + Number(isThere(now)) - Number(isThere(old));
    this.#note(entity, old, { ...this.#head, count });
  }

  #note(entity: string | undefined, user: User | undefined, head: Head): void {
    this.#changes.push({ entity, user, head: this.#head });
    this.#head = head;
    this.#revision += 1;
    const kept = SPARE_CHANGES + this.#users.size;
    if (this.#changes.length > 2 * kept) this.#changes = this.#changes.slice(-kept);
  }
}

export function isPresent(endpoint: Endpoint): endpoint is Present {
  return "media" in endpoint;
}

/** Whether two endpoints of one entity say the same. */
export function same(one: Endpoint, other: Endpoint): boolean {
  return one === other || facts(one) === facts(other);
}

function facts(endpoint: Endpoint): string {
  return JSON.stringify(Object.entries(endpoint).toSorted());
}

function isThere(user: User | undefined): boolean {
  return [...(user?.endpoints.values() ?? [])].some(isPresent);
}
