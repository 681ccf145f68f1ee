/** The documents of the conference event package (RFC 4575): a roster in full, or what changed between two. */

import type { XmlElement } from "#xml/strict.ts";
import { el, formatXml } from "#xml/strict.ts";
import {
  type Absent,
  countOf,
  type Endpoint,
  isPresent,
  type Missed,
  type Present,
  type Roster,
  type User,
} from "./roster.ts";

export const CONFERENCE_EVENT = "conference";
export const CONFERENCE_INFO = "application/conference-info+xml";

const NAMESPACE = "urn:ietf:params:xml:ns:conference-info";
const EXTENSION = "urn:partyline:conference:1";

/** The whole roster (RFC 4575 §5.2, state "full"). */
export function fullDocument(roster: Roster, version: number): string {
  const users = [...roster.users.values()].map(fullUser);
  return document(roster, { version, state: "full" }, [
    el("conference-description", {}, [el("display-text", {}, [roster.title])]),
    conferenceState(roster),
    el("users", { state: "full" }, users),
  ]);
}

/** What leads from one roster of a conference to a later one, or undefined when nothing does (RFC 4575 §4.4). */
export function partialDocument(was: Roster, now: Roster, version: number): string | undefined {
  const users = changedUsers(was, now);
  const same = countOf(was) === countOf(now) && was.locked === now.locked;
  if (users.length === 0 && same) return undefined;
  const state = same ? [] : [conferenceState(now)];
  return document(now, { version, state: "partial" }, [...state, el("users", { state: "partial" }, users)]);
}

function document(
  roster: Roster,
  { version, state }: { version: number; state: "full" | "partial" },
  children: XmlElement[],
): string {
  const attributes = { xmlns: NAMESPACE, entity: roster.entity, state, version };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${formatXml(el("conference-info", attributes, children))}`;
}

function conferenceState(roster: Roster): XmlElement {
  return el("conference-state", {}, [
    el("user-count", {}, [String(countOf(roster))]),
    el("locked", {}, [String(roster.locked)]),
  ]);
}

function changedUsers(was: Roster, now: Roster): XmlElement[] {
  const gone = [...was.users.values()].filter((user) => !now.users.has(user.entity));
  const changed = [...now.users.values()].filter((user) => was.users.get(user.entity) !== user);
  return [
    ...gone.map((user) => el("user", { entity: user.entity, state: "deleted" })),
    ...changed.flatMap((user) => changedUser(was.users.get(user.entity), user)),
  ];
}

function changedUser(was: User | undefined, now: User): XmlElement[] {
  if (was === undefined) return [fullUser(now)];
  const endpoints = changedEndpoints(was, now);
  const named = was.displayText === now.displayText ? [] : [el("display-text", {}, [now.displayText])];
  const roles = was.moderator === now.moderator ? [] : rolesOf(now);
  if (endpoints.length + named.length + roles.length === 0) return [];
  return [el("user", { entity: now.entity, state: "partial" }, [...named, ...roles, ...endpoints])];
}

function changedEndpoints(was: User, now: User): XmlElement[] {
  const gone = [...was.endpoints.keys()].filter((entity) => !now.endpoints.has(entity));
  const changed = [...now.endpoints.values()].filter(
    (endpoint) => !same(was.endpoints.get(endpoint.entity), endpoint),
  );
  return [
    ...gone.map((entity) => el("endpoint", { entity, state: "deleted" })),
    ...changed.map(fullEndpoint),
  ];
}

function same(was: Endpoint | undefined, now: Endpoint): boolean {
  return was === now || (was !== undefined && facts(was) === facts(now));
}

function facts(endpoint: Endpoint): string {
  return JSON.stringify(Object.entries(endpoint).toSorted());
}

function fullUser(user: User): XmlElement {
  const endpoints = [...user.endpoints.values()].map(fullEndpoint);
  return el("user", { entity: user.entity, state: "full" }, [
    el("display-text", {}, [user.displayText]),
    ...(user.moderator ? rolesOf(user) : []),
    ...endpoints,
  ]);
}

function rolesOf({ moderator }: User): XmlElement[] {
  return [el("roles", {}, [el("entry", {}, [moderator ? "moderator" : "participant"])])];
}

/** In the order of the schema (RFC 4575 §6); what is ours comes last, as extensions do. */
function fullEndpoint(endpoint: Endpoint): XmlElement {
  return el("endpoint", { entity: endpoint.entity, state: "full" }, [
    el("display-text", {}, [endpoint.displayText]),
    el("status", {}, [endpoint.status]),
    ...(isPresent(endpoint) ? presence(endpoint) : absence(endpoint)),
  ]);
}

function presence({ method, joined, media, talking, hand }: Present): XmlElement[] {
  return [
    el("joining-method", {}, [method]),
    el("joining-info", {}, [el("when", {}, [joined.toISOString()])]),
    el("media", { id: 1 }, [el("type", {}, ["audio"]), el("status", {}, [media])]),
    el("talking", { xmlns: EXTENSION }, [String(talking)]),
    el("hand", { xmlns: EXTENSION }, [String(hand)]),
  ];
}

/** Somebody who has not come: waits, is on the way, or why not, in the words of a Reason header (RFC 3326). */
function absence(endpoint: Absent): XmlElement[] {
  const method = endpoint.status === "pending" ? endpoint.method : "dialed-out";
  const called = el("joining-method", {}, [method]);
  return endpoint.status === "disconnected" ? [called, ...missed(endpoint)] : [called];
}

function missed({ cause, reason }: Missed): XmlElement[] {
  const busy = cause === 486 || cause === 600;
  return [
    el("disconnection-method", {}, [busy ? "busy" : "failed"]),
    el("disconnection-info", {}, [
      el("reason", {}, [`SIP;cause=${cause};text="${reason.replace(/["\\]/g, "'")}"`]),
    ]),
  ];
}
