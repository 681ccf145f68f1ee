/**
 * How a mixer leg is to be, said in the INVITE that orders it, in a part beside the offer, and answered in its 2xx (RFC 5022 §3,
 * RFC 5621): then no INFO need follow. A mixer that passes the part over is told by INFO.
 */

import { readAudio } from "#sdp/session.ts";
import type { Sdp, SipResponse, SipUri } from "#sip/message.ts";
import type { BodyPart } from "#sip/multipart.ts";
import { readNotification } from "../mscml/notification.ts";
import { mscmlOf, mscmlPart } from "../mscml/part.ts";
import { configureLeg, type LegConfiguration } from "../mscml/request.ts";

/** An INVITE that has more might not fit into a datagram, and would be tried by TCP first (RFC 3261 §18.1.1). */
const MOST_BYTES = 1_270;
/** What it has beside the offer, the address it goes to, and Replaces: most of it our names and those of the call. */
const REST_BYTES = 800;
/** A Replaces of ours, and the Require for it. */
const REPLACES_BYTES = 120;

interface Ordered {
  readonly offer?: Sdp;
  readonly silenced?: boolean;
  readonly replaces?: unknown;
}

/** What is to be said of this leg; undefined when there is nothing to say, or no room to say it. */
export function configurationOf(
  target: SipUri,
  { offer, silenced = false, replaces }: Ordered,
): LegConfiguration | undefined {
  // What the phone can do is not known before it has answered the mixer's offer.
  if (offer === undefined) return undefined;
  const bytes = REST_BYTES + 2 * target.length + offer.length + (replaces === undefined ? 0 : REPLACES_BYTES);
  if (bytes > MOST_BYTES) return undefined;
  const keypresses = readAudio(offer)?.telephoneEvent !== undefined;
  if (!keypresses && !silenced && replaces === undefined) return undefined;
  return { mixmode: silenced ? "mute" : "full", ...(keypresses && { keypresses }) };
}

export function partOf(configuration: LegConfiguration): BodyPart {
  return mscmlPart(configureLeg(configuration));
}

/** Whether the mixer says in its 2xx that it has done so. */
export function isDone(response: SipResponse): boolean {
  const content = mscmlOf(response);
  try {
    const said = content === undefined ? undefined : readNotification(content);
    return said?.kind === "response" && said.request === "configure_leg" && said.code < 300;
  } catch {
    return false;
  }
}
