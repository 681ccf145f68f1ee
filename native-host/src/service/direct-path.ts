/** Media from device to far end, without us: third party call control, flow I (RFC 3725 §4.1). */

import type { DeviceEnd } from "../devices/device.ts";
import { deviceFailure } from "../devices/device-failure.ts";
import { ServiceError } from "../errors.ts";
import { directionsOf, wishAfter, withDirection, withoutSending } from "../sdp/hold.ts";
import { sameMedia } from "../sdp/origin.ts";
import { PayloadNumbers } from "../sdp/payload-numbers.ts";
import { isLive, split } from "../sdp/sections.ts";
import { type Direction, readAudio, receives, sends } from "../sdp/session.ts";
import type { Caller, Leg } from "../sip/leg.ts";
import type { Sdp } from "../sip/message.ts";
import { SipError } from "../sip/sip-error.ts";
import type { FarMedia, MediaPath } from "./media-path.ts";

export class DirectPath implements MediaPath {
  onEnded: (reason: string) => void = () => undefined;
  wish: Direction = "sendrecv";
  readonly gates = false;
  readonly #id: string;
  readonly #caller: Caller;
  /** The answer to the device's offer, for the ACK; there once a far end has answered. */
  readonly #firstAnswer = Promise.withResolvers<Sdp>();
  readonly #over = new AbortController();
  #deviceOffer: Sdp = "";
  #invited: Promise<Leg> | undefined;
  #leg: Leg | undefined;
  /** What the device was last told of the far end. */
  #told: Sdp | undefined;
  #far: FarMedia | undefined;
  /** Which way the device itself wants its audio, whatever hold it has answered. */
  #own: Direction = "sendrecv";
  readonly #numbers = new PayloadNumbers();

  constructor(deviceId: string, caller: Caller) {
    this.#id = deviceId;
    this.#caller = caller;
    this.#firstAnswer.promise.catch(() => undefined);
  }

  /** Resolves with the device's offer in hand; its 2xx gets its ACK when a far end has answered, or we give up. */
  async connect(end: DeviceEnd, signal: AbortSignal): Promise<void> {
    if (!end.address) throw new ServiceError("device-unsupported", [this.#id, "send media by itself"]);
    const offered = Promise.withResolvers<void>();
    this.#invited = this.#invite(end, AbortSignal.any([signal, this.#over.signal]), (offer) => {
      this.#deviceOffer = offer;
      this.#own = directionOf(offer);
      this.#numbers.learn(offer);
      offered.resolve();
      return this.#firstAnswer.promise;
    });
    // Whoever awaits the leg later hears of a failure too.
    this.#invited.catch(() => undefined);
    await Promise.race([offered.promise, this.#invited]);
  }

  async openFar(): Promise<FarMedia> {
    return new DirectFar(this);
  }

  /** We do not see the stream. */
  measureGap(): () => number {
    return () => 0;
  }

  /** The phone is put on hold: nothing runs until the next far end. */
  park(): boolean {
    const leg = this.#leg;
    if (!leg || this.#told === undefined) return false;
    const silent = withDirection(this.#told, "inactive");
    this.#told = silent;
    this.#far = undefined;
    // A phone that refuses stays on the line all the same; it hears of the next far end.
    leg.offer(this.#numbers.kept(silent)).then(
      (answer) => this.#numbers.learn(answer),
      () => undefined,
    );
    return true;
  }

  async hangUp(reason?: string): Promise<void> {
    this.#over.abort();
    this.#firstAnswer.reject(new SipError(487, "Request Terminated"));
    const leg = await this.#invited?.catch(() => undefined);
    await leg?.bye(reason);
  }

  dump(): Record<string, unknown> {
    return { anchored: false };
  }

  /** The device's description as an offer for the far end, given what we want of that. */
  deviceOffer(wish: Direction): Sdp {
    const said = this.#leg?.description || this.#deviceOffer;
    return limited(directionOf(said) === this.#own ? said : withDirection(said, this.#own), wish);
  }

  /** Tells the device what the far end answered: in the ACK the first time, then by re-INVITE. Throws ServiceError. */
  async tellDevice(answer: Sdp, far: FarMedia): Promise<void> {
    if (!split(answer).media.some(isLive)) throw new ServiceError("media-mismatch", ["the far end"]);
    try {
      if (!this.#leg) {
        this.#firstAnswer.resolve(answer);
        this.#leg = await this.#invited;
      } else if (this.#told === undefined || !sameMedia(this.#told, answer)) {
        await this.#offerDevice(this.#leg, this.#numbers.kept(answer), far);
      }
    } catch (refused) {
      throw deviceFailure(this.#id, refused);
    }
    this.#told = answer;
    this.#far = far;
  }

  /** The far end's offer, answered by the device. Throws SipError. */
  async offerToDevice(offer: Sdp): Promise<Sdp> {
    if (!this.#leg) throw new SipError(491, "Request Pending");
    const passed = receives(this.wish) ? offer : withDirection(offer, "inactive");
    const answer = await this.#leg.offer(this.#numbers.kept(passed));
    this.#told = passed;
    this.#own = wishAfter(this.#own, directionOf(passed), directionOf(answer));
    this.#numbers.learn(answer);
    return limited(answer, this.wish);
  }

  /** Re-INVITEs the device for a far end; one whose media are elsewhere now is made known to that far end. */
  async #offerDevice(leg: Leg, offer: Sdp, far: FarMedia): Promise<void> {
    const before = leg.description;
    const answer = await leg.offer(offer);
    this.#own = wishAfter(this.#own, directionOf(offer), directionOf(answer));
    this.#numbers.learn(answer);
    if (!sameStream(before, answer)) await far.onOffer(this.deviceOffer(this.wish));
  }

  /** The device's own re-INVITE, answered by the far end. */
  async #offered(offer: Sdp): Promise<Sdp> {
    if (!this.#far) throw new SipError(491, "Request Pending");
    const answer = await this.#far.onOffer(limited(offer, this.wish));
    this.#own = directionOf(offer);
    this.#numbers.learn(offer);
    this.#told = answer;
    return answer;
  }

  /** The device asked for an offer and has answered that of the far end. */
  async #answered(answer: Sdp): Promise<void> {
    this.#own = wishAfter(this.#own, directionOf(this.#told ?? ""), directionOf(answer));
    await this.#far?.onOffer(this.deviceOffer(this.wish));
  }

  async #invite(
    end: DeviceEnd,
    signal: AbortSignal,
    answerOffer: (offer: Sdp) => Promise<Sdp>,
  ): Promise<Leg> {
    if (!end.address) throw new ServiceError("device-offline", [this.#id]);
    try {
      const { headers } = end;
      const { leg } = await this.#caller.invite(end.address, { headers, signal, answerOffer });
      leg.handlers = {
        onOffer: (offer) => this.#offered(offer),
        onAnswer: (answer) => void this.#answered(answer).catch(() => undefined),
        onEnded: (reason) => this.onEnded(reason),
      };
      return leg;
    } catch (refused) {
      throw deviceFailure(this.#id, refused);
    }
  }
}

/** As much of it as we want; on hold nothing at all, for the device's voice runs past us. */
function limited(description: Sdp, wish: Direction): Sdp {
  if (!receives(wish)) return withDirection(description, "inactive");
  return sends(wish) ? description : withoutSending(description);
}

/** Of its first live audio. */
function directionOf(description: Sdp): Direction {
  return directionsOf(description)[0] ?? "sendrecv";
}

/** Whether audio goes to the same place under the same numbers; what we cannot read counts as the same. */
function sameStream(one: Sdp, other: Sdp): boolean {
  const [before, now] = [readAudio(one), readAudio(other)].map(
    (audio) => audio && JSON.stringify([audio.address, audio.port, audio.codecs, audio.telephoneEvent]),
  );
  return before === now || now === undefined;
}

async function refuseOffer(): Promise<Sdp> {
  throw new SipError(488, "Not Acceptable Here");
}

class DirectFar implements FarMedia {
  onOffer = refuseOffer;
  readonly #path: DirectPath;

  constructor(path: DirectPath) {
    this.#path = path;
  }

  offer(wish: Direction): Sdp {
    return this.#path.deviceOffer(wish);
  }

  answered(answer: Sdp): Promise<void> {
    return this.#path.tellDevice(answer, this);
  }

  async hear(): Promise<void> {
    // The device was told; there is nothing of ours in between.
  }

  offered(offer: Sdp): Promise<Sdp> {
    return this.#path.offerToDevice(offer);
  }

  close(): void {
    // No port of ours.
  }
}
