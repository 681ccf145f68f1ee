/** Orders media from the mixer by SIP: one INVITE dialog to `sip:conf=ID@mixer` for each participant (RFC 4240 §5). */

import type { Caller, DialogId, InviteOptions, Leg } from "#sip/leg.ts";
import type { Sdp, SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { formatUri, parseUri } from "#sip/uri.ts";
import type { LegConfiguration } from "../mscml/request.ts";
import { configurationOf, isDone, partOf } from "./leg-order.ts";
import { quieted, toPhone } from "./quiet.ts";

/** A mixer that says nothing for so long is down; the caller should not wait for longer. */
const MIXER_TIMEOUT_MS = 4_000;

/** The statuses that are about the caller's media rather than about the mixer (RFC 3261 §21.4.26, §21.6.4). */
const ABOUT_MEDIA = new Set([415, 488, 606]);

/** So a mixer may refuse that cannot read a body of several parts, or finds no description in it (RFC 3261 §8.2.3). */
const NOT_READ: ReadonlySet<number> = new Set([400, 415, 488]);

/** What a participant brings: an offer, or the will to answer the mixer's (delayed offer). */
export interface MediaOrder {
  readonly offer?: Sdp;
  readonly answerOffer?: (offer: Sdp) => Promise<Sdp>;
  /** The mixer must not hear him, from the first packet on; a phone on hold it never hears. */
  readonly silenced?: boolean;
  /** The mixer leg whose stream goes on in this conference (RFC 3891). */
  readonly replaces?: DialogId;
  readonly signal?: AbortSignal;
  /** The mixer gets its ACK, and begins to speak, when this resolves. */
  readonly confirm?: Promise<unknown>;
}

/** A leg in a conference. */
export interface Seat {
  readonly leg: Leg;
  /** The mixer's description. */
  readonly answer: Sdp;
  /** What the INVITE said of the leg beside its media, and the mixer says to have done. */
  readonly configured?: LegConfiguration;
}

export class MixerControl {
  readonly #caller: Caller;
  readonly #mixer: SipUri;
  /** Whether it takes an INVITE that says more than the media. */
  #readsParts = true;

  constructor(caller: Caller, mixer: SipUri) {
    this.#caller = caller;
    this.#mixer = mixer;
  }

  /**
   * A mixer leg in this conference and the mixer's session description.
   * Throws SipError: 488 when the mixer cannot do these media, 487 when `signal` aborted, else 503.
   */
  async order(conference: string, order: MediaOrder): Promise<Seat> {
    try {
      const seat = await this.#invite(conferenceAt(this.#mixer, conference), order);
      return order.offer === undefined ? seat : { ...seat, answer: toPhone(seat.answer, order.offer) };
    } catch (cause) {
      throw order.signal?.aborted === true ? new SipError(487, "Request Terminated") : asSeenByCaller(cause);
    }
  }

  async #invite(target: SipUri, order: MediaOrder): Promise<Seat> {
    const media: InviteOptions = { ...order, ...quieted(order), timeoutMs: MIXER_TIMEOUT_MS };
    const configuration = this.#readsParts ? configurationOf(target, order) : undefined;
    if (!configuration) return this.#caller.invite(target, media);
    try {
      return await this.#configured(target, media, configuration);
    } catch (cause) {
      if (order.signal?.aborted || !(cause instanceof SipError && NOT_READ.has(cause.status))) throw cause;
      const seat = await this.#caller.invite(target, media);
      this.#readsParts = false;
      return seat;
    }
  }

  /** The leg is told in the same message how it is to be; what the mixer says to that is kept for whoever rules the leg. */
  async #configured(target: SipUri, media: InviteOptions, configuration: LegConfiguration): Promise<Seat> {
    let done = false;
    const seat = await this.#caller.invite(target, {
      ...media,
      brief: true,
      parts: [partOf(configuration)],
      onAccepted: (response) => {
        done = isDone(response);
      },
    });
    return done ? { ...seat, configured: configuration } : seat;
  }
}

/** The service URI of a conference at this mixer. */
export function conferenceAt(mixer: SipUri, conference: string): SipUri {
  const uri = parseUri(mixer);
  if (uri === undefined) throw new SipError(500, `The mixer's address ${mixer} is not a SIP URI`);
  // The scheme is that of `mixer`, so what is printed is a SIP URI again.
  return formatUri({ ...uri, user: `conf=${conference}` }) as SipUri;
}

/** The mixer's refusals in the words of the conference server. */
function asSeenByCaller(cause: unknown): SipError {
  if (cause instanceof SipError && ABOUT_MEDIA.has(cause.status))
    return new SipError(488, "Not Acceptable Here");
  return new SipError(503, "Service Unavailable");
}
