/** Rosters: RFC 4575 flattened by the service, with the same merge rules (§4.6): full, partial by version, deleted. */
import { label } from "../label.ts";
import type { Person } from "../messages.ts";
import { childrenOf, type XmlElement } from "./xml.ts";

export interface Roster {
  readonly conf: string;
  readonly version: number;
  readonly title: string;
  readonly people: readonly Person[];
}

const NAME_LENGTH = 64;

/** The roster after an event: merged, replaced, or as it was when a version is missing (a full one will follow). */
export function mergeRoster(before: Roster | undefined, event: XmlElement): Roster | undefined {
  const { conf = "", version = "", state, title } = event.attributes;
  const number = Number(version);
  if (!conf || !Number.isInteger(number)) return before;
  const users = childrenOf(event, "User");
  if (state === "full") {
    return {
      conf,
      version: number,
      title: label(title, 128),
      people: users.filter((user) => !isOnlyCalled(user)).map((user) => person(user, undefined)),
    };
  }
  if (!before || number !== before.version + 1) return before;
  return {
    ...before,
    version: number,
    title: label(title, 128) || before.title,
    people: merge(before.people, users),
  };
}

function merge(before: readonly Person[], users: readonly XmlElement[]): Person[] {
  const people = new Map(before.map((one) => [one.entity, one]));
  for (const user of users) {
    const entity = user.attributes["entity"] ?? "";
    if (user.attributes["state"] === "deleted" || isOnlyCalled(user)) people.delete(entity);
    else people.set(entity, person(user, people.get(entity)));
  }
  return [...people.values()];
}

/** States of a phone that is not in the conference yet (RFC 4575 §5.7.2). */
const COMING: readonly (string | undefined)[] = ["pending", "dialing-out", "alerting"];

/** Who is being called, or waits to be let in, is not there yet. */
function isOnlyCalled(user: XmlElement): boolean {
  const endpoints = childrenOf(user, "Endpoint");
  return endpoints.length > 0 && endpoints.every(({ attributes }) => COMING.includes(attributes["status"]));
}

function person(user: XmlElement, before: Person | undefined): Person {
  const { entity = "", display, me, role } = user.attributes;
  const endpoints = childrenOf(user, "Endpoint").filter(
    (endpoint) => endpoint.attributes["state"] !== "deleted",
  );
  const { muted = false, talking = false, hand = false, held = false } = before ?? {};
  return {
    entity,
    name: label(display, NAME_LENGTH) || before?.name || shortName(entity),
    me: me === undefined ? (before?.me ?? false) : me === "true",
    moderator: role === undefined ? (before?.moderator ?? false) : role === "moderator",
    ...(endpoints.length > 0 ? said(endpoints) : { muted, talking, hand, held }),
  };
}

/** What all phones of a person together say. */
function said(endpoints: readonly XmlElement[]): Pick<Person, "muted" | "talking" | "hand" | "held"> {
  const is = (attribute: string, value: string) => (endpoint: XmlElement) =>
    endpoint.attributes[attribute] === value;
  return {
    muted: endpoints.every(is("muted", "true")),
    talking: endpoints.some(is("talking", "true")),
    hand: endpoints.some(is("hand", "true")),
    held: endpoints.every(is("status", "on-hold")),
  };
}

/** Who has no name is shown by the user part of the address, or as a guest. */
function shortName(entity: string): string {
  const user = /^sips?:([^@;]+)@/i.exec(entity)?.[1] ?? "";
  return user.startsWith("anon") ? "Guest" : label(user, NAME_LENGTH) || "Guest";
}

/** The roster after a `Talking` event. */
export function markTalking(roster: Roster, entity: string, talking: boolean): Roster {
  const people = roster.people.map((one) => (one.entity === entity ? { ...one, talking } : one));
  return { ...roster, people };
}
