/**
 * Use in mid-session (paper §IV): the new device answers first, then the far end is told by re-INVITE, and the old device
 * is released last, by the caller. Whoever fails, the far end is with the old device when this rejects.
 */

import { ServiceError } from "../errors.ts";
import type { Direction } from "../sdp/session.ts";
import type { Sdp } from "../sip/message.ts";
import { SipError } from "../sip/sip-error.ts";
import type { FarEnd } from "./far-end.ts";
import type { FarMedia, MediaPath } from "./media-path.ts";
import { callFailure } from "./sip-failure.ts";

export interface DeviceChange {
  readonly device: string;
  /** The new device's; hung up on a failure. */
  readonly path: MediaPath;
  /** Brings the new device onto the line. Throws ServiceError `device-*`. */
  connect(signal: AbortSignal): Promise<void>;
  /** From now on: the device hung up or was lost. */
  onEnded(reason: string): void;
  readonly signal: AbortSignal;
}

/** The same far end, its media with the new device. Throws ServiceError; `switch-lost` when it could not be put back. */
export async function switchDevice(far: FarEnd, wish: Direction, change: DeviceChange): Promise<FarEnd> {
  const { path, device } = change;
  const gone = new AbortController();
  path.onEnded = () => gone.abort(new ServiceError("device-refused", [device, "it hung up"]));
  const move = new Move(far, wish, AbortSignal.any([change.signal, gone.signal]));
  try {
    await change.connect(move.signal);
    const moved = await move.to(await path.openFar());
    path.onEnded = (reason) => change.onEnded(reason);
    return moved;
  } catch (failed) {
    await move.back().finally(() => path.hangUp("not used"));
    change.signal.throwIfAborted();
    throw far.leg.state === "ended" ? new ServiceError("no-active-call", [], { cause: failed }) : failed;
  }
}

/** A far end that does not answer its re-INVITE in this time stays with the old device. */
const TOLD_WITHIN_MS = 4000;

class Move {
  readonly signal: AbortSignal;
  readonly #far: FarEnd;
  readonly #wish: Direction;
  #media: FarMedia | undefined;
  /** What the far end says to the new device, once it was asked. */
  #told: Promise<Sdp> | undefined;
  #answered = false;

  constructor(far: FarEnd, wish: Direction, signal: AbortSignal) {
    this.#far = far;
    this.#wish = wish;
    this.signal = signal;
  }

  async to(media: FarMedia): Promise<FarEnd> {
    this.#media = media;
    const { leg, target } = this.#far;
    media.onOffer = (offer) => leg.offer(offer);
    this.signal.throwIfAborted();
    await media.answered(await this.#tell(media));
    await media.hear();
    this.signal.throwIfAborted();
    if (leg.state === "ended") throw callFailure(target, new SipError(480, "It hung up"));
    return { ...this.#far, media, said: this.#wish };
  }

  /** Tells a far end that has moved, or still may, to come back. */
  async back(): Promise<void> {
    this.#media?.close();
    const { leg, media } = this.#far;
    if (!this.#told || leg.state === "ended") return;
    // After one that is still open the leg makes this offer by itself.
    const returned = leg.offer(media.offer(this.#wish)).then((answer) => media.answered(answer));
    returned.catch(() => undefined);
    if (!this.#answered) return;
    try {
      await returned;
    } catch (cause) {
      throw new ServiceError("switch-lost", [], { cause });
    }
  }

  async #tell(media: FarMedia): Promise<Sdp> {
    const { leg, target } = this.#far;
    this.#told = leg.offer(media.offer(this.#wish));
    try {
      const answer = await within(TOLD_WITHIN_MS, this.#told);
      this.#answered = true;
      this.signal.throwIfAborted();
      return answer;
    } catch (refused) {
      // A final refusal leaves the old session as it was; silence may still turn into consent.
      if (refused instanceof SipError && refused.status !== 408) this.#told = undefined;
      throw callFailure(target, refused);
    }
  }
}

async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const clock = setTimeout(() => late.reject(new SipError(408, "No answer to the re-INVITE")), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(clock);
  }
}
