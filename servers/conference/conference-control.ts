/**
 * What a member asks of the conference beside who is in it: that it is locked, that somebody is heard no longer or
 * raises a hand.
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
}

/** Undefined when it is not such a document, or asks for nothing. */
export function readControl(body: { type: string; content: string } | undefined): ControlWish | undefined {
  if (body?.type !== CONFERENCE_INFO) return undefined;
  const root = parsed(body.content);
  if (root?.name !== "conference-info") return undefined;
  const locked = textAt(root, "conference-state", "locked");
  const users = root.children.filter(({ name }) => name === "users").flatMap(({ children }) => children);
  const mutes = users.flatMap(muteOf);
  const hands = users.flatMap(handOf);
  if (mutes.length + hands.length === 0 && locked === undefined) return undefined;
  return { mutes, hands, ...(locked !== undefined && { locked: isTrue(locked) }) };
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
