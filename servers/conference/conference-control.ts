/**
 * What a member asks of the conference beside whom it calls: that it is locked or over, that somebody is heard no longer,
 * raises a hand, is let in, or is there no longer.
 *
 * There is no standard for this in SIP itself (CCMP, RFC 6503, is a protocol of its own over HTTP). It is asked for in
 * the words the roster tells it in: a partial document of RFC 4575 that says what is to be, as RFC 6501 uses them, in an
 * INFO of a package of its own (RFC 6086), which the focus names in Recv-Info; inside the dialog, so that only members can.
 */

import { parseXml, type XmlElement } from "#xml/strict.ts";
import { CONFERENCE_INFO } from "./conference-package.ts";

export const CONFERENCE_CONTROL = "conference-control";

export interface ControlWish {
  readonly locked?: boolean;
  /** Who is to be silent, or heard again, by the entity the roster knows them under. */
  readonly mutes: readonly { readonly user: string; readonly muted: boolean }[];
  readonly hands: readonly { readonly user: string; readonly raised: boolean }[];
  /** Who waits and is to come in, and who is not to be there any more, waiting or not. */
  readonly admitted: readonly string[];
  readonly removed: readonly string[];
  /** It is to be over for all. */
  readonly ended: boolean;
}

/** Undefined when it is not such a document, or asks for nothing. */
export function readControl(body: { type: string; content: string } | undefined): ControlWish | undefined {
  if (body?.type !== CONFERENCE_INFO) return undefined;
  const root = parsed(body.content);
  if (root?.name !== "conference-info") return undefined;
  const locked = textAt(root, "conference-state", "locked");
  const users = root.children.filter(({ name }) => name === "users").flatMap(({ children }) => children);
  const wish = {
    mutes: users.flatMap(muteOf),
    hands: users.flatMap(handOf),
    admitted: users.flatMap((user) =>
      textAt(user, "endpoint", "status") === "connected" ? nameOf(user) : [],
    ),
    removed: users.flatMap((user) => (user.attributes["state"] === "deleted" ? nameOf(user) : [])),
    ended: isFalse(textAt(root, "conference-state", "active")),
    ...(locked !== undefined && { locked: isTrue(locked) }),
  };
  const people = wish.mutes.length + wish.hands.length + wish.admitted.length + wish.removed.length;
  return people > 0 || wish.ended || locked !== undefined ? wish : undefined;
}

function nameOf({ name, attributes: { entity } }: XmlElement): string[] {
  return name === "user" && entity !== undefined ? [entity] : [];
}

/** `recvonly` for the user's media: he hears and is not heard. */
function muteOf(user: XmlElement): { user: string; muted: boolean }[] {
  const { entity } = user.attributes;
  const status = textAt(user, "endpoint", "media", "status");
  if (user.name !== "user" || entity === undefined || status === undefined) return [];
  return [{ user: entity, muted: status === "recvonly" || status === "inactive" }];
}

/** In the words of our own extension to the roster (docs/conference-events.md). */
function handOf(user: XmlElement): { user: string; raised: boolean }[] {
  const { entity } = user.attributes;
  const raised = textAt(user, "endpoint", "hand");
  if (user.name !== "user" || entity === undefined || raised === undefined) return [];
  return [{ user: entity, raised: isTrue(raised) }];
}

/** As XML Schema writes it. */
function isTrue(text: string): boolean {
  return text === "true" || text === "1";
}

function isFalse(text: string | undefined): boolean {
  return text === "false" || text === "0";
}

function textAt(element: XmlElement, ...path: readonly string[]): string | undefined {
  const found = path.reduce<XmlElement | undefined>(
    (at, name) => at?.children.find((child) => child.name === name),
    element,
  );
  return found?.text.trim();
}

function parsed(content: string): XmlElement | undefined {
  try {
    return parseXml(content);
  } catch {
    return undefined;
  }
}
