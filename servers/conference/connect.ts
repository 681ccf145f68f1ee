/** Connects a caller with the mixer: the caller's offer goes there, the mixer's answer comes back (RFC 3264, RFC 3725 §4). */

import type { AcceptOptions, IncomingInvite, Leg } from "#sip/leg.ts";
import type { Sdp } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import type { MediaOrder, Seat } from "./mixer-control.ts";

/** The two legs of a participant, both confirmed. */
export interface Legs {
  readonly phone: Leg;
  readonly mixer: Seat;
}

export interface Connection {
  readonly invite: IncomingInvite;
  /** Aborts when the caller cancels. */
  readonly cancelled: AbortSignal;
  order(media: MediaOrder): Promise<Seat>;
  /** Takes back what `order` got when the caller cancelled meanwhile. */
  undo(seat: Seat): Promise<void>;
}

/** Throws SipError, with nothing left behind: 487 when the caller cancelled, else what `order` threw. */
export async function connect(connection: Connection, accept: AcceptOptions): Promise<Legs> {
  if (connection.cancelled.aborted) throw requestTerminated();
  const { offer } = connection.invite;
  return offer === undefined ? answeredInAck(connection, accept) : offered(connection, accept, offer);
}

async function offered(connection: Connection, accept: AcceptOptions, offer: Sdp): Promise<Legs> {
  const confirmed = Promise.withResolvers<void>();
  const mixer = await connection.order({ offer, confirm: confirmed.promise });
  if (connection.cancelled.aborted) {
    confirmed.resolve();
    await connection.undo(mixer);
    throw requestTerminated();
  }
  const phone = connection.invite.accept(mixer.answer, accept);
  // The mixer speaks once it has its ACK, and so not to a caller who was never there (RFC 3725 §4).
  void phone.acknowledged().then(() => confirmed.resolve());
  return { phone, mixer };
}

/** A caller without an offer gets the mixer's, and the mixer gets the caller's answer from the ACK. */
async function answeredInAck(connection: Connection, accept: AcceptOptions): Promise<Legs> {
  let phone: Leg | undefined;
  const answerOffer = (offer: Sdp): Promise<Sdp> => {
    if (connection.cancelled.aborted) throw requestTerminated();
    const { promise, resolve, reject } = Promise.withResolvers<Sdp>();
    const onEnded = (): void => reject(requestTerminated());
    const handlers = { ...accept.handlers, onAnswer: resolve, onEnded };
    phone = connection.invite.accept(offer, { ...accept, handlers });
    return promise;
  };
  try {
    const mixer = await connection.order({ answerOffer });
    if (phone !== undefined && phone.state !== "ended") return { phone, mixer };
    await mixer.leg.bye();
    throw requestTerminated();
  } catch (cause) {
    await phone?.bye();
    throw cause;
  }
}

function requestTerminated(): SipError {
  return new SipError(487, "Request Terminated");
}
