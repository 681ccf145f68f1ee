/** Who is in a conference, as a value: users and their endpoints in the words of RFC 4575 §5. */

import type { SipUri } from "#sip/message.ts";

export type MediaStatus = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** One call of a user (RFC 4575 §5.7). `media` is seen from the participant: `recvonly` is muted. */
export interface Endpoint {
  readonly entity: string;
  readonly displayText: string;
  readonly joined: Date;
  readonly media: MediaStatus;
  readonly talking: boolean;
}

/** One person with all the calls they have in this conference (RFC 4575 §5.6). */
export interface User {
  readonly entity: string;
  readonly displayText: string;
  readonly endpoints: ReadonlyMap<string, Endpoint>;
}

/** A roster never changes; a conference that changed has a new one, which shares the users that stayed the same. */
export interface Roster {
  readonly entity: SipUri;
  readonly title: string;
  readonly users: ReadonlyMap<string, User>;
}

export function emptyRoster(entity: SipUri, title: string): Roster {
  return { entity, title, users: new Map() };
}

/** The roster with this endpoint added to its user, or changed; the user's name is the one given last. */
export function withEndpoint(roster: Roster, userEntity: string, endpoint: Endpoint): Roster {
  const endpoints = new Map(roster.users.get(userEntity)?.endpoints).set(endpoint.entity, endpoint);
  const user = { entity: userEntity, displayText: endpoint.displayText, endpoints };
  return { ...roster, users: new Map(roster.users).set(userEntity, user) };
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
