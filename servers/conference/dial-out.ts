/**
 * Calls somebody into a conference: the mixer's offer goes to the phone, the phone's answer to the mixer (RFC 4579 §5.5).
 * The mixer keeps a place that is inactive while the phone rings (RFC 3725 §4.3), so that every phone is offered something.
 */

import { makeAnswer } from "#sdp/offer-answer.ts";
import { readAudio } from "#sdp/session.ts";
import type { Caller, DialogId, ExtraHeaders, Leg } from "#sip/leg.ts";
import type { Sdp, SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { asFocus } from "./as-focus.ts";
import type { Legs } from "./connect.ts";
import type { MediaOrder, Seat } from "./mixer-control.ts";
import { toMixer } from "./quiet.ts";

/** What calling needs of the world around it. */
export interface Outside {
  readonly caller: Caller;
  /** The URI under which a conference is known. */
  entity(id: string): SipUri;
  order(conference: string, order: MediaOrder): Promise<Seat>;
}

export interface Outgoing {
  readonly conference: string;
  /** What people call it. */
  readonly title: string;
  readonly target: SipUri;
  /** Of the INVITE: who wanted it, and what the Refer-To asked for. */
  readonly headers: ExtraHeaders;
  /** The call of the phone that this one takes over (RFC 3891). */
  readonly replaces?: DialogId | undefined;
  readonly ringMs: number;
  readonly signal: AbortSignal;
  /** Whether the conference is not to hear whoever has answered. */
  isMuted(phone: Leg): boolean;
  /** 101 to 199. */
  onProgress(status: number, reason: string): void;
}

/** A phone that was sent elsewhere may be there; one that is sent around is not looked for. */
const MOST_REDIRECTS = 2;
/** Nobody listens there (RFC 863): media that are inactive need a port all the same. */
const DISCARD = 9;

/**
 * Throws SipError, with nothing left behind: what the phone answered, 408 when it rang in vain, 487 when aborted. A mixer
 * leg that has ended meanwhile is the caller's to find another for: the phone rings on, and who answers waits for that.
 */
export async function dialOut(outside: Outside, call: Outgoing): Promise<Legs> {
  const { conference, signal } = call;
  const mixer = await outside.order(conference, { answerOffer: asleep, signal });
  const gone = new Promise<void>((resolve) => {
    mixer.leg.handlers = { onEnded: () => resolve() };
  });
  try {
    return { mixer, phone: await reach(outside, call, { ...mixer, gone }) };
  } catch (cause) {
    await mixer.leg.bye();
    throw cause;
  }
}

interface Place extends Seat {
  /** Resolves when the mixer leg has ended. */
  readonly gone: Promise<void>;
}

async function reach(
  outside: Outside,
  call: Outgoing,
  { leg: mixer, answer: offer, gone }: Place,
): Promise<Leg> {
  const { conference, target, headers, replaces, ringMs, signal } = call;
  const { contactUser, contactParams, headers: own, handlers } = asFocus(conference);
  const { leg: phone, answer } = await outside.caller.invite(target, {
    offer,
    signal,
    from: { name: call.title, uri: outside.entity(conference) },
    contactUser,
    contactParams,
    headers: { ...headers, ...own },
    handlers,
    redirects: MOST_REDIRECTS,
    timeoutMs: ringMs,
    ...(replaces && { replaces }),
    onProgress: (status, { reason }) => call.onProgress(status, reason),
  });
  try {
    const agreed = mixer.state === "ended" ? gone : mixer.offer(toMixer(answer, call.isMuted(phone)));
    await Promise.race([agreed, gone]).catch((cause: unknown) => {
      if (mixer.state !== "ended") throw cause;
    });
    if (signal.aborted || phone.state === "ended") throw new SipError(487, "Request Terminated");
    return phone;
  } catch (cause) {
    await phone.bye("The conference cannot use these media");
    throw cause;
  }
}

/** Takes the mixer's offer without a place to send to yet. */
async function asleep(offer: Sdp): Promise<Sdp> {
  const audio = readAudio(offer);
  const local = { address: audio?.address ?? "127.0.0.1", port: DISCARD, telephoneEvent: true } as const;
  const answer = makeAnswer(offer, { ...local, codecs: ["PCMU", "PCMA"], direction: "inactive" });
  if (answer === undefined) throw new SipError(488, "Not Acceptable Here");
  return answer;
}
