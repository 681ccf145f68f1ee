/** Transfer mode by SIP alone: the phone is asked by REFER to call the far end itself (paper §IV; RFC 3515, RFC 5589 §6). */

import { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import type { OutsideReferOptions } from "../sip/refer-outside.ts";
import { SipError } from "../sip/sip-error.ts";
import type { Codec, ConnectOptions, DialledCall, DialOptions } from "./device.ts";
import { deviceFailure } from "./device-failure.ts";
import type { SipDeviceLeg } from "./sip-device-leg.ts";

/** Where the REFER goes: into a call with the phone, or outside any; "none" for phones that take none. */
export const TRANSFERS = ["inside", "outside", "none"] as const;
export type Transfer = (typeof TRANSFERS)[number];

/** Sends a REFER that makes a dialog of its own; resolves with the final status reported. Throws SipError. */
export interface Referrer {
  refer(target: SipUri, referTo: SipUri, options?: OutsideReferOptions): Promise<number>;
}

/** What the phone is offered while it is told whom to call: nobody speaks in that call. */
const CODECS: readonly Codec[] = ["PCMU", "PCMA"];

/**
 * Calls the phone, asks it inside that call to call `target`, and hangs up once it has: the referrer sends the BYE.
 * Throws ServiceError `device-*`, or SipError with what the target answered; the phone is hung up then too.
 */
export async function transferInside(
  id: string,
  connect: (options: ConnectOptions) => Promise<SipDeviceLeg>,
  wish: DialOptions & { readonly target: SipUri },
): Promise<DialledCall> {
  const phone = await connect({ codecs: CODECS, signal: wish.signal });
  try {
    await referred(id, wish.target, phone.leg.refer(wish.target, referOptions(wish)));
    return handedOver();
  } finally {
    await phone.hangUp();
  }
}

/** Asks the phone outside any call; it may want to know us by name (403, 603). Throws as `transferInside`. */
export async function transferOutside(
  { id, uri }: { readonly id: string; readonly uri: SipUri },
  referrer: Referrer,
  wish: DialOptions & { readonly target: SipUri },
): Promise<DialledCall> {
  const { from } = wish;
  const options = { ...referOptions(wish), ...(from && { from: { uri: from } }) };
  await referred(id, wish.target, referrer.refer(uri, wish.target, options));
  return handedOver();
}

function referOptions({ from, onRinging, signal }: DialOptions) {
  return {
    ...(from && { referredBy: { uri: from, params: {} } }),
    onProgress: (status: number) => {
      if (status > 100 && status < 200) onRinging?.();
    },
    signal,
  };
}

async function referred(id: string, target: SipUri, outcome: Promise<number>): Promise<void> {
  const status = await outcome.catch((refused: unknown) => {
    throw refusal(id, refused);
  });
  if (status >= 300) throw new SipError(status, `${target} was called by "${id}"`);
}

/** The phone itself would not do it. */
function refusal(id: string, cause: unknown): ServiceError {
  if (!(cause instanceof SipError)) return deviceFailure(id, cause);
  const { status, reason } = cause;
  const said = { cause, sip: status, reason };
  if (status === 487) return new ServiceError("cancelled", [], { cause });
  if (status === 481) return new ServiceError("device-refused", [id, "it hung up during the transfer"], said);
  if (status === 405 || status === 420 || status === 501 || status === 603) {
    return new ServiceError("device-unsupported", [id, "call somebody when asked by REFER"], said);
  }
  return deviceFailure(id, cause);
}

/** After a REFER the service has no control any more (RFC 3515). */
function handedOver(): DialledCall {
  return { onEnded: () => undefined };
}
