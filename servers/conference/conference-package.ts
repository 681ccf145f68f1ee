/** The documents of the conference event package (RFC 4575): a roster in full, or what changed in it. */

import type { SipUri } from "#sip/message.ts";
import type { XmlElement } from "#xml/strict.ts";
import { el, escapeText, formatXml } from "#xml/strict.ts";
import {
  type Absent,
  type Endpoint,
  type Head,
  isPresent,
  type Missed,
  type Past,
  type Present,
  type Roster,
  same,
  type User,
} from "./roster.ts";

export const CONFERENCE_EVENT = "conference";
export const CONFERENCE_INFO = "application/conference-info+xml";

const NAMESPACE = "urn:ietf:params:xml:ns:conference-info";
const EXTENSION = "urn:partyline:conference:1";

type State = "full" | "partial" | "deleted";

/** A document for all who need the same; the version is each subscription's own (RFC 4575 §5.2). */
export type Sheet = (version: number) => string;

/** No document has more bytes of users: SIP messages are bounded, and those who have no TCP still get one datagram. */
const PART_BYTES = 60_000;

/** The whole roster. */
export function fullDocument(roster: Roster): Sheet {
  return full(roster, Array.from(roster.users.values(), fullUser).join(""));
}

/** The same for subscribers who hear more than once: a large one begins with some users, and adds the others. */
export function fullDocuments(roster: Roster): Sheet[] {
  const [first = "", ...others] = parts(Array.from(roster.users.values(), fullUser));
  return [full(roster, first), ...others.map((users) => partial(roster, users))];
}

function full({ entity, head }: Roster, users: string): Sheet {
  return sheet(
    entity,
    "full",
    `${description(head)}${conferenceState(head)}<users state="full">${users}</users>`,
  );
}

function partial({ entity }: Roster, users: string, before = ""): Sheet {
  return sheet(entity, "partial", `${before}<users state="partial">${users}</users>`);
}

function parts(users: readonly string[]): string[] {
  const all: string[] = [];
  let bytes = PART_BYTES;
  for (const user of users) {
    const length = Buffer.byteLength(user);
    const fits = bytes + length <= PART_BYTES;
    if (fits) all[all.length - 1] += user;
    else all.push(user);
    bytes = fits ? bytes + length : length;
  }
  return all;
}

/**
 * What leads from an earlier revision of a roster to it; nothing when it is the same (RFC 4575 §4.4). What is as it
 * is without being said is left out, so that a join fits into a datagram with room to spare.
 */
export function partialDocuments(roster: Roster, past: Past): Sheet[] {
  const { head, users } = roster;
  const titled = past.head.title === head.title ? "" : description(head);
  const counted = past.head.count === head.count && past.head.locked === head.locked;
  const before = titled + (counted ? "" : conferenceState(head));
  const changes = Array.from(past.users, ([user, was]) => changedUser(was, users.get(user)));
  const [first, ...others] = parts(changes.filter(Boolean));
  if (first === undefined && before === "") return [];
  return [partial(roster, first ?? "", before), ...others.map((more) => partial(roster, more))];
}

/** For a subscriber who wants to hear although nothing has changed (RFC 6446 §6.2). */
export function unchangedDocument(roster: Roster): Sheet {
  return partial(roster, "", conferenceState(roster.head));
}

/** How many people are there, and nothing else. */
export function countDocument({ entity, head }: Roster): Sheet {
  const count = `<conference-state>${userCount(head)}</conference-state>`;
  return sheet(entity, "full", `<conference-description/>${count}<users/>`);
}

/** For one who waits to be let in: himself, and nobody else (§5.7.3 `pending`). */
export function waitingDocument(entity: SipUri, user: string, endpoint: string): Sheet {
  const state = "full";
  const call = el("endpoint", { entity: endpoint, state }, [el("status", {}, ["pending"])]);
  const himself = el("user", { entity: user, state }, [call]);
  return sheet(entity, "full", formatXml(el("users", { state }, [himself])));
}

/** The conference is over (RFC 4575 §4.6). */
export function deletedDocument({ entity }: Roster): Sheet {
  return sheet(entity, "deleted", "");
}

function sheet(entity: SipUri, state: State, content: string): Sheet {
  const head = `<conference-info xmlns="${NAMESPACE}" entity="${escapeText(entity)}" state="${state}" version="`;
  const tail = content === "" ? '"/>' : `">${content}</conference-info>`;
  let last = { version: -1, text: "" };
  return (version) => {
    // Whoever came together has the same versions.
    if (last.version !== version) last = { version, text: `${head}${version}${tail}` };
    return last.text;
  };
}

function description({ title }: Head): string {
  return formatXml(el("conference-description", {}, [el("display-text", {}, [title])]));
}

function conferenceState(head: Head): string {
  return `<conference-state>${userCount(head)}<locked>${head.locked}</locked></conference-state>`;
}

function userCount({ count }: Head): string {
  return `<user-count>${count}</user-count>`;
}

function changedUser(was: User | undefined, now: User | undefined): string {
  if (was === now) return "";
  if (now === undefined) return formatXml(el("user", { entity: was?.entity, state: "deleted" }));
  if (was === undefined) return fullUser(now);
  const endpoints = changedEndpoints(was, now);
  const named = was.displayText === now.displayText ? [] : [el("display-text", {}, [now.displayText])];
  const roles = was.moderator === now.moderator ? [] : rolesOf(now);
  const changes = [...named, ...roles, ...endpoints];
  return changes.length === 0 ? "" : formatXml(el("user", { entity: now.entity, state: "partial" }, changes));
}

function changedEndpoints(was: User, now: User): XmlElement[] {
  const gone = [...was.endpoints.keys()].filter((entity) => !now.endpoints.has(entity));
  const changed = [...now.endpoints.values()].filter((endpoint) => {
    const before = was.endpoints.get(endpoint.entity);
    return before === undefined || !same(before, endpoint);
  });
  return [
    ...gone.map((entity) => el("endpoint", { entity, state: "deleted" })),
    ...changed.map((endpoint) => fullEndpoint(endpoint, now)),
  ];
}

/** In full, which needs no saying (RFC 4575 §4.4). One user is in many documents. */
const FULL_USERS = new WeakMap<User, string>();

function fullUser(user: User): string {
  const known = FULL_USERS.get(user);
  if (known !== undefined) return known;
  const text = formatXml(
    el("user", { entity: user.entity }, [
      el("display-text", {}, [user.displayText]),
      ...(user.moderator ? rolesOf(user) : []),
      ...[...user.endpoints.values()].map((endpoint) => fullEndpoint(endpoint, user)),
    ]),
  );
  FULL_USERS.set(user, text);
  return text;
}

function rolesOf({ moderator }: User): XmlElement[] {
  return [el("roles", {}, [el("entry", {}, [moderator ? "moderator" : "participant"])])];
}

/** In the order of the schema (§6); what is ours comes last, as extensions do. */
function fullEndpoint(endpoint: Endpoint, { displayText }: User): XmlElement {
  return el("endpoint", { entity: endpoint.entity }, [
    ...(endpoint.displayText === displayText ? [] : [el("display-text", {}, [endpoint.displayText])]),
    el("status", {}, [endpoint.status]),
    ...(isPresent(endpoint) ? presence(endpoint) : absence(endpoint)),
  ]);
}

function presence({ method, joined, media, talking, mutedBy, hand }: Present): XmlElement[] {
  return [
    ...joiningMethod(method),
    el("joining-info", {}, [el("when", {}, [joined.toISOString()])]),
    el("media", { id: 1 }, [el("type", {}, ["audio"]), el("status", {}, [media])]),
    ...(talking ? [el("talking", { xmlns: EXTENSION }, ["true"])] : []),
    ...(mutedBy === undefined ? [] : [el("muted-by", { xmlns: EXTENSION }, [mutedBy])]),
    ...(hand ? [el("hand", { xmlns: EXTENSION }, ["true"])] : []),
  ];
}

/** Somebody who has not come: waits, is on the way, or why not, in the words of a Reason header (RFC 3326). */
function absence(endpoint: Absent): XmlElement[] {
  const method = joiningMethod(endpoint.status === "pending" ? endpoint.method : "dialed-out");
  return endpoint.status === "disconnected" ? [...method, ...missed(endpoint)] : method;
}

/** Who says nothing has dialled in. */
function joiningMethod(method: Present["method"]): XmlElement[] {
  return method === "dialed-in" ? [] : [el("joining-method", {}, [method])];
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
