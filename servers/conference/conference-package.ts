/** The documents of the conference event package (RFC 4575): a roster in full, or what changed between two. */

import type { XmlElement } from "#xml/strict.ts";
import { el, formatXml } from "#xml/strict.ts";
import type { Endpoint, Roster, User } from "./roster.ts";

export const CONFERENCE_EVENT = "conference";
export const CONFERENCE_INFO = "application/conference-info+xml";

const NAMESPACE = "urn:ietf:params:xml:ns:conference-info";
const TALKING_NAMESPACE = "urn:partyline:conference:1";

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
  if (users.length === 0) return undefined;
  const counted = was.users.size === now.users.size ? [] : [conferenceState(now)];
  return document(now, { version, state: "partial" }, [...counted, el("users", { state: "partial" }, users)]);
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
  return el("conference-state", {}, [el("user-count", {}, [String(roster.users.size)])]);
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
  if (endpoints.length + named.length === 0) return [];
  return [el("user", { entity: now.entity, state: "partial" }, [...named, ...endpoints])];
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
  return (
    was === now ||
    (was?.media === now.media &&
      was.talking === now.talking &&
      was.displayText === now.displayText &&
      was.joined.getTime() === now.joined.getTime())
  );
}

function fullUser(user: User): XmlElement {
  const endpoints = [...user.endpoints.values()].map(fullEndpoint);
  return el("user", { entity: user.entity, state: "full" }, [
    el("display-text", {}, [user.displayText]),
    ...endpoints,
  ]);
}

/** In the order of the schema (RFC 4575 §6); `talking` is ours and comes last, as extensions do. */
function fullEndpoint(endpoint: Endpoint): XmlElement {
  return el("endpoint", { entity: endpoint.entity, state: "full" }, [
    el("display-text", {}, [endpoint.displayText]),
    el("status", {}, ["connected"]),
    el("joining-method", {}, ["dialed-in"]),
    el("joining-info", {}, [el("when", {}, [endpoint.joined.toISOString()])]),
    el("media", { id: 1 }, [el("type", {}, ["audio"]), el("status", {}, [endpoint.media])]),
    el("talking", { xmlns: TALKING_NAMESPACE }, [String(endpoint.talking)]),
  ]);
}
