/** What a focus of ours can be asked for inside the call: an INFO of its package conference-control (docs/running-the-servers.md). */

import { el, formatXml, type XmlElement } from "../xml/strict.ts";
import { EXTENSION } from "./conference-info.ts";
import type { FarEnd } from "./far-end.ts";

const CONFERENCE_CONTROL = "conference-control";
const CONFERENCE_INFO = "application/conference-info+xml";
const NAMESPACE = "urn:ietf:params:xml:ns:conference-info";

/** Statuses that mean: this focus takes no such wish from anybody. */
const UNKNOWN: readonly number[] = [405, 415, 469, 489, 501];

export function isUnknownWish(status: number): boolean {
  return UNKNOWN.includes(status);
}

/** Throws SipError: 469 without a word to the focus when it has not said that it takes the package, or its refusal. */
export function ask({ target, leg }: FarEnd, wish: XmlElement): Promise<void> {
  const root = el("conference-info", { xmlns: NAMESPACE, entity: target, state: "partial" }, [wish]);
  return leg.info(CONFERENCE_CONTROL, { type: CONFERENCE_INFO, content: formatXml(root) });
}

export function lockWish(locked: boolean): XmlElement {
  return el("conference-state", {}, [el("locked", {}, [String(locked)])]);
}

/** Media of one user as they are to be. */
export function muteWish(entity: string, muted: boolean): XmlElement {
  const status = el("status", {}, [muted ? "recvonly" : "sendrecv"]);
  return userWish(entity, el("media", { id: 1 }, [status]));
}

export function handWish(entity: string, raised: boolean): XmlElement {
  return userWish(entity, el("hand", { xmlns: EXTENSION }, [String(raised)]));
}

function userWish(entity: string, what: XmlElement): XmlElement {
  const endpoint = el("endpoint", { entity, state: "partial" }, [what]);
  return el("users", { state: "partial" }, [el("user", { entity, state: "partial" }, [endpoint])]);
}
