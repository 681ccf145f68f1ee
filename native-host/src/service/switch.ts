/**
 * SameDeviceJoin (paper §IV, Figure 6), make before break: the new far end answers before the old one is left. Whoever
 * refuses, the user is still in the old call. The first far end of a call is reached the same way, with no old one.
 */

import { ServiceError } from "../errors.ts";
import type { Direction } from "../sdp/session.ts";
import type { Caller, Leg, LegHandlers } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import { SipError } from "../sip/sip-error.ts";
import { hostPort, parseUri } from "../sip/uri.ts";
import { type Destination, type FarEnd, inviteFarEnd } from "./far-end.ts";
import type { MediaPath } from "./media-path.ts";

export interface SwitchOptions {
  readonly caller: Caller;
  readonly path: MediaPath;
  /** What we want of the far end. */
  readonly wish: Direction;
  readonly handlers?: LegHandlers;
  readonly onRinging?: () => void;
  /** Aborted when a newer switch takes the place of this one, or the call ends. */
  readonly signal: AbortSignal;
}

/** The new far end of a switch has this long to answer, or to ring; the user stays in the old call meanwhile. */
const SWITCH_WITHIN_MS = 4000;

/** A focus that is asked to move us answers in a moment or has not understood; this long it may still do so. */
const MOVE_GRACE_MS = 500;

/** Answers to an INVITE with Replaces that mean "not so, but call me": RFC 3891 §3, §4 and a focus that forbids it. */
const NO_REPLACES: readonly number[] = [481, 420, 501, 403];

/** As `switchFarEnd`, but where there is an old far end the new one is given up by `abort` when it lets us wait. */
export async function switchInTime(
  old: FarEnd | undefined,
  to: Destination,
  { abort, ...options }: Omit<SwitchOptions, "signal"> & { readonly abort: AbortController },
): Promise<FarEnd> {
  const late = new ServiceError("no-answer", [to.target]);
  const limit = setTimeout(() => old && abort.abort(late), SWITCH_WITHIN_MS);
  const onRinging = () => {
    clearTimeout(limit);
    options.onRinging?.();
  };
  const answered = (leg: Leg) => {
    clearTimeout(limit);
    to.answered?.(leg);
  };
  try {
    return await switchFarEnd(old, { ...to, answered }, { ...options, onRinging, signal: abort.signal });
  } finally {
    clearTimeout(limit);
  }
}

/** Reaches `to`, from `old` if there is one; the device hears it when this resolves. The old leg is the caller's to end. */
export async function switchFarEnd(
  old: FarEnd | undefined,
  to: Destination,
  options: SwitchOptions,
): Promise<FarEnd> {
  options.signal.throwIfAborted();
  if (old && atSameFocus(old, to.target)) {
    try {
      return await moveWithinFocus(old, to, options);
    } catch (refused) {
      const otherWay = refused instanceof SipError && NO_REPLACES.includes(refused.status);
      if (!otherWay) throw refused;
    }
  }
  return callAnew(to, options);
}

/** Whether the conference server that holds us also serves `target`, and can move us by itself. */
export function atSameFocus(old: FarEnd, target: SipUri): boolean {
  const isFocus = "isfocus" in old.leg.remoteContact.params;
  const ends = old.leg.state === "ended";
  return isFocus && !ends && old.leg.supports.has("replaces") && nextHop(old.target) === nextHop(target);
}

/** The focus points our stream at the other conference: same port, same SSRC; the device is not touched. */
async function moveWithinFocus(old: FarEnd, to: Destination, options: SwitchOptions): Promise<FarEnd> {
  const { caller, wish, handlers } = options;
  const { leg, answer } = await inviteFarEnd(caller, {
    ...to,
    offer: old.media.offer(wish),
    replaces: old.leg.id,
    ...(handlers && { handlers }),
    signal: patient(options.signal),
  });
  const far: FarEnd = { ...to, leg, media: old.media, said: wish };
  try {
    await old.media.answered(answer);
    return far;
  } catch (unusable) {
    await leg.bye("unusable answer");
    throw unusable;
  }
}

async function callAnew(to: Destination, options: SwitchOptions): Promise<FarEnd> {
  const { caller, path, wish, handlers, onRinging, signal } = options;
  const media = await path.openFar();
  try {
    const { leg, answer } = await inviteFarEnd(caller, {
      ...to,
      offer: media.offer(wish),
      ...(handlers && { handlers }),
      ...(onRinging && { onRinging }),
      signal,
    });
    try {
      to.answered?.(leg);
      media.onOffer = (offer) => leg.offer(offer);
      await media.answered(answer);
    } catch (refused) {
      await leg.bye("the device refused");
      throw refused;
    }
    await Promise.race([media.hear(), aborted(signal)]);
    if (leg.state === "ended") throw new SipError(480, "It hung up at once");
    return { ...to, leg, media, said: wish };
  } catch (failed) {
    media.close();
    throw failed;
  }
}

function nextHop(target: SipUri): string {
  const uri = parseUri(target);
  if (!uri) return target;
  const { host, port } = hostPort(uri);
  return `${host}:${port}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

/**
 * The same signal, but late when a newer switch is the reason: a 2xx that crossed our CANCEL would leave us in neither
 * conference, so that the focus rather gets a moment for it.
 */
function patient(signal: AbortSignal): AbortSignal {
  const later = new AbortController();
  const abort = () => later.abort(signal.reason);
  const isSuperseded = () => signal.reason instanceof ServiceError && signal.reason.code === "superseded";
  signal.addEventListener("abort", () => (isSuperseded() ? setTimeout(abort, MOVE_GRACE_MS) : abort()), {
    once: true,
  });
  return later.signal;
}
