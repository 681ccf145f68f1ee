/** The conference event package's document, read from a focus we need not trust, and its merge rules (RFC 4575 §4, §5). */

import type { MutedBy } from "../api/call-control.ts";
import { parseXml, type XmlElement } from "../xml/strict.ts";

export type Part = "full" | "partial" | "deleted";

export interface InfoEndpoint {
  readonly entity: string;
  readonly state: Part;
  readonly status?: string;
  /** `sendrecv` and kin of its audio, seen from the participant: `recvonly` is muted. */
  readonly audio?: string;
  /** Whose mute at the conference keeps them from being heard; not every focus tells. */
  readonly mutedBy?: MutedBy;
  readonly talking?: boolean;
  /** Wants to speak. */
  readonly hand?: boolean;
  readonly joined?: Date;
  /** Why it is not there any more, as the focus writes it: for us a value of Reason (RFC 3326). */
  readonly reason?: string;
}

export interface InfoUser {
  readonly entity: string;
  readonly state: Part;
  readonly display?: string;
  readonly role?: string;
  readonly endpoints: readonly InfoEndpoint[];
}

export interface ConferenceInfo {
  readonly version: number;
  readonly state: Part;
  readonly title?: string;
  /** Nobody more is let in; not said in every document. */
  readonly locked?: boolean;
  readonly users: readonly InfoUser[];
}

/** Larger than any conference of people; a focus that sends more is cut off. */
const MAX_BYTES = 1 << 20;
const MAX_TEXT = 256;
/** What RFC 4575 has no element for (docs/conference-events.md). */
export const EXTENSION = "urn:partyline:conference:1";

/** The document, or undefined when it is none. */
export function readConferenceInfo(text: string): ConferenceInfo | undefined {
  const root = parsed(text);
  const version = Number(root?.attributes["version"] ?? 0);
  if (root?.name !== "conference-info" || !Number.isSafeInteger(version)) return undefined;
  const description = child(root, "conference-description");
  const title = textOf(child(description, "display-text")) ?? textOf(child(description, "subject"));
  const users = children(child(root, "users"), "user").flatMap(readUser);
  const locked = textOf(child(child(root, "conference-state"), "locked"));
  return {
    version,
    state: partOf(root),
    ...(title && { title }),
    ...(locked && { locked: locked === "true" || locked === "1" }),
    users,
  };
}

/**
 * The conference after one more document: a full one replaces, a partial one is merged if it is the next. Undefined
 * when one before it is missing: then the subscriber asks for a full one (§5.1).
 */
export function merge(old: ConferenceInfo | undefined, next: ConferenceInfo): ConferenceInfo | undefined {
  if (next.state === "full") return { ...next, users: next.users.filter(({ state }) => state !== "deleted") };
  if (next.state === "deleted") return { ...next, users: [] };
  if (!old || next.version !== old.version + 1) return undefined;
  const users = mergeAll(old.users, next.users, mergeUser);
  return { ...old, ...next, state: "full", users };
}

interface Keyed {
  readonly entity: string;
  readonly state: Part;
}

function mergeAll<Item extends Keyed>(
  old: readonly Item[],
  next: readonly Item[],
  mergeOne: (old: Item, next: Item) => Item,
): Item[] {
  const merged = new Map(old.map((item) => [item.entity, item]));
  for (const item of next) {
    const before = merged.get(item.entity);
    if (item.state === "deleted") merged.delete(item.entity);
    else merged.set(item.entity, before && item.state === "partial" ? mergeOne(before, item) : item);
  }
  return [...merged.values()];
}

function mergeUser(old: InfoUser, next: InfoUser): InfoUser {
  const endpoints = mergeAll(old.endpoints, next.endpoints, (before, after) => ({
    ...before,
    ...after,
    state: "full",
  }));
  return { ...old, ...next, state: "full", endpoints };
}

function parsed(text: string): XmlElement | undefined {
  try {
    // conference-info / users / user / endpoint / media / status is six deep; extensions may add a few.
    return parseXml(text, { maxBytes: MAX_BYTES, maxDepth: 16, maxAttributes: 65_536 });
  } catch {
    return undefined;
  }
}

function readUser(element: XmlElement): InfoUser[] {
  const entity = element.attributes["entity"];
  if (!entity || entity.length > 1024) return [];
  const display = textOf(child(element, "display-text"));
  const role = textOf(child(child(element, "roles"), "entry"));
  return [
    {
      entity,
      state: partOf(element),
      ...(display && { display }),
      ...(role && { role }),
      endpoints: children(element, "endpoint").flatMap(readEndpoint),
    },
  ];
}

function readEndpoint(element: XmlElement): InfoEndpoint[] {
  const entity = element.attributes["entity"];
  if (!entity || entity.length > 1024) return [];
  const status = textOf(child(element, "status"));
  const audio = audioOf(element);
  const [talking, hand] = [saidOf(element, "talking"), saidOf(element, "hand")];
  const mutedBy = mutedByOf(element, status);
  const joined = dateOf(textOf(child(child(element, "joining-info"), "when")));
  const reason = textOf(child(child(element, "disconnection-info"), "reason"));
  return [
    {
      entity,
      state: partOf(element),
      ...(status && { status }),
      ...(audio && { audio }),
      ...(mutedBy && { mutedBy }),
      ...(talking !== undefined && { talking }),
      ...(hand !== undefined && { hand }),
      ...(joined && { joined }),
      ...(reason && { reason }),
    },
  ];
}

/** Whoever is muted by a focus that does not say by whom may try whether the mute is theirs to lift. */
function mutedByOf(endpoint: XmlElement, status: string | undefined): MutedBy | undefined {
  const said = ours(endpoint, "muted-by")?.text.trim();
  if (said === "moderator" || said === "self") return said;
  return status === "muted-via-focus" ? "self" : undefined;
}

/** Whether an element of ours says `true`; undefined when there is none. */
function saidOf(endpoint: XmlElement, word: string): boolean | undefined {
  const said = ours(endpoint, word);
  return said && said.text.trim() === "true";
}

function ours(endpoint: XmlElement, word: string): XmlElement | undefined {
  return endpoint.children.find(({ name, namespace }) => name === word && namespace === EXTENSION);
}

function audioOf(endpoint: XmlElement): string | undefined {
  const audio = children(endpoint, "media").find((media) => textOf(child(media, "type")) === "audio");
  return textOf(child(audio, "status"));
}

function partOf({ attributes }: XmlElement): Part {
  const { state } = attributes;
  return state === "partial" || state === "deleted" ? state : "full";
}

function children(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((one) => one.name === name) ?? [];
}

function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return children(element, name)[0];
}

function textOf(element: XmlElement | undefined): string | undefined {
  return element?.text.trim().slice(0, MAX_TEXT) || undefined;
}

function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? "");
  return Number.isNaN(date.getTime()) ? undefined : date;
}
