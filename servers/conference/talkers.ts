/** What the mixer reports about who talks: the active talkers of RFC 5022 §6.1.4, in an INFO on the talker's own leg. */

import type { XmlElement } from "#xml/strict.ts";
import { parseXml } from "#xml/strict.ts";

export const TALKER_REPORT = "application/mediaservercontrol+xml";

/**
 * Whether the leg with this Call-ID is among the active talkers; undefined when the document reports no talkers.
 * Throws XmlError when it is not XML.
 */
export function isTalking(report: string, callId: string): boolean | undefined {
  const talkers = ["notification", "conference", "activetalkers"].reduce<XmlElement | undefined>(
    (element, name) => element?.children.find((child) => child.name === name),
    parseXml(report),
  );
  return talkers?.children.some(
    (talker) => talker.name === "talker" && talker.attributes["callid"] === callId,
  );
}
