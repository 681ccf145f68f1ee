/** Calling a far end: one INVITE with a deadline, and nothing left behind when it is given up. */

import type { Direction } from "../sdp/session.ts";
import type { Caller, DialogId, Leg, LegHandlers } from "../sip/leg.ts";
import type { NameAddr, Sdp, SipUri } from "../sip/message.ts";
import { formatRecipients, RECIPIENT_LIST_INVITE, type Recipient } from "../sip/recipient-list.ts";
import { formatUri, isSipUri, parseUri } from "../sip/uri.ts";
import type { FarMedia } from "./media-path.ts";

/** Whom to call, and as whom. */
export interface Destination {
  readonly target: SipUri;
  readonly from: CallerIdentity;
  /** Who is to be called into the conference that is opened there (RFC 5366). */
  readonly guests?: readonly Recipient[] | undefined;
  /** Called when it has answered and nothing was left for it yet; what this throws refuses it. */
  readonly answered?: (leg: Leg) => void;
  /** The call of a phone that the new one takes over, and where that one's far end is (RFC 3891). */
  readonly takesOver?: { readonly dialog: DialogId; readonly at: SipUri };
}

/** The From of one far leg; undefined is the user agent's own identity. */
export type CallerIdentity = { readonly name?: string; readonly uri: SipUri } | undefined;

/** A far end that answered. */
export interface FarEnd extends Destination {
  readonly leg: Leg;
  readonly media: FarMedia;
  /** What the leg last said of our direction. */
  readonly said: Direction;
}

/** Whether it is a conference (RFC 4579 §5.2). */
export function isFocus(far: FarEnd): boolean {
  return "isfocus" in far.leg.remoteContact.params;
}

/** The same far end after its focus moved us to another conference by itself: under the name its Contact has now. */
export function movedFar(far: FarEnd, was: NameAddr): FarEnd {
  const [target, before, now] = [far.target, was.uri, far.leg.remoteContact.uri].map(parseUri);
  if (!target || now?.user === undefined || before?.user === now.user) return far;
  // Behind a proxy a Contact has another host than the name that people call.
  const { scheme, host, port } = target.user === before?.user ? target : now;
  const moved = formatUri({ scheme, user: now.user, host, ...(port !== undefined && { port }), params: {} });
  return isSipUri(moved) ? { ...far, target: moved } : far;
}

export interface FarInvite extends Destination {
  readonly offer: Sdp;
  readonly replaces?: DialogId;
  readonly handlers?: LegHandlers;
  readonly onRinging?: () => void;
  readonly signal: AbortSignal;
}

/**
 * INVITEs the far end. Once the signal aborts it rejects at once with the signal's reason; CANCEL, and the BYE for a
 * 2xx that crosses it, follow by themselves.
 */
export async function inviteFarEnd(caller: Caller, far: FarInvite): Promise<{ leg: Leg; answer: Sdp }> {
  const { takesOver, offer, handlers, from, guests = [], signal } = far;
  signal.throwIfAborted();
  const replaces = far.replaces ?? takesOver?.dialog;
  const invited = caller.invite(takesOver?.at ?? far.target, {
    offer,
    signal,
    ...(from && { from }),
    ...(guests.length > 0 && {
      parts: [formatRecipients(guests)],
      headers: { require: RECIPIENT_LIST_INVITE },
    }),
    ...(replaces && { replaces }),
    ...(handlers && { handlers }),
    onProgress: (status) => {
      if (status === 180) far.onRinging?.();
    },
  });
  const gaveUp = Promise.withResolvers<never>();
  const giveUp = () => gaveUp.reject(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([invited, gaveUp.promise]);
  } catch (cause) {
    invited.then(({ leg }) => leg.bye("no longer wanted")).catch(() => undefined);
    throw cause;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
