/** Who is in a conference, as a value: users and their endpoints in the words of RFC 4575 §5. */

import type { SipUri } from "#sip/message.ts";

export type MediaStatus = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** What everybody has who is, was or may soon be in the conference. */
export interface Named {
  readonly entity: string;
  readonly displayText: string;
}

/** Who called whom (RFC 4575 §5.7.3). */
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

/** A roster never changes; a conference that changed has a new one, which shares the users that stayed the same. */
export interface Roster {
  readonly entity: SipUri;
  readonly title: string;
  /** Nobody more is let in (RFC 4575 §5.5.3). */
  readonly locked: boolean;
  readonly users: ReadonlyMap<string, User>;
}

export function emptyRoster(entity: SipUri, title: string): Roster {
  return { entity, title, locked: false, users: new Map() };
}

/** The roster with this endpoint added to its user, or changed; the user's name is the one given last. */
export function withEndpoint(
  roster: Roster,
  entity: string,
  endpoint: Endpoint,
  moderator?: boolean,
): Roster {
  const old = roster.users.get(entity);
  const endpoints = new Map(old?.endpoints).set(endpoint.entity, endpoint);
  const { displayText } = endpoint;
  const now: User = { entity, displayText, moderator: moderator ?? old?.moderator ?? false, endpoints };
  return { ...roster, users: new Map(roster.users).set(entity, now) };
}

/** The roster without this endpoint, and without its user when it was their last. */
export function withoutEndpoint(roster: Roster, userEntity: string, endpointEntity: string): Roster {
  const user = roster.users.get(userEntity);
  if (!user?.endpoints.has(endpointEntity)) return roster;
  const users = new Map(roster.users);
  const endpoints = new Map(user.endpoints);
  endpoints.delete(endpointEntity);
  if (endpoints.size === 0) users.delete(userEntity);
  else users.set(userEntity, { ...user, endpoints });
  return { ...roster, users };
}

export function isPresent(endpoint: Endpoint): endpoint is Present {
  return "media" in endpoint;
}

/** A roster is one of many documents, and is counted once. */
const COUNTS = new WeakMap<Roster, number>();

/** How many people are in the conference; those who wait or are only being called are not. */
export function countOf(roster: Roster): number {
  const known = COUNTS.get(roster);
  if (known !== undefined) return known;
  const users = [...roster.users.values()];
  const count = users.filter(({ endpoints }) => [...endpoints.values()].some(isPresent)).length;
  COUNTS.set(roster, count);
  return count;
}
