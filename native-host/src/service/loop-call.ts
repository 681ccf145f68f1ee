/** A call in loop mode: a device, whom it talks to, and us in between as a back-to-back user agent (paper §IV, Figure 5). */

import type { CallState, CallView, ClientId } from "../api/call-control.ts";
import type { Device, DeviceLeg } from "../devices/device.ts";
import { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import { AnchoredPath } from "./anchored-path.ts";
import type {
  Call,
  CallOptions,
  CallSurroundings,
  LineOptions,
  NewFarEnd,
  ParkedDevice,
  Tones,
} from "./call.ts";
import { CallRecord } from "./call-record.ts";
import { HOLDABLE, ON_THE_LINE } from "./call-state.ts";
import { DeviceSide } from "./device-side.ts";
import { playDigits } from "./dtmf.ts";
import { type CallerIdentity, type Destination, type FarEnd, isFocus } from "./far-end.ts";
import { FarRequests } from "./far-requests.ts";
import { type Arrival, FarSide } from "./far-side.ts";
import type { MediaPath } from "./media-path.ts";
import { newPath, reachDevice } from "./new-path.ts";
import type { Roster } from "./roster.ts";
import type { SharedLine } from "./shared-line.ts";
import { callFailure } from "./sip-failure.ts";
import { Turns } from "./turns.ts";
import { Whereabouts } from "./whereabouts.ts";
import { Wishes } from "./wishes.ts";

export class LoopCall implements Call {
  readonly farRequests = new FarRequests();
  readonly #record: CallRecord;
  readonly #around: CallSurroundings;
  readonly #where: Whereabouts;
  readonly #over = new AbortController();
  readonly #wishes: Wishes;
  readonly #deviceSide: DeviceSide;
  readonly #digits = new Turns();
  #farSide: FarSide | undefined;
  #ending: Promise<void> | undefined;

  constructor(options: CallOptions, around: CallSurroundings) {
    this.#record = new CallRecord(options, () => around.onChange(this));
    this.#deviceSide = new DeviceSide({
      newPath: (device) => this.#pathFor(device),
      onChange: () => around.onChange(this),
      onEnded: () => void this.end(),
      who: () => this.#record.who,
      onBack: () => this.setHeld(false).catch((cause) => around.onTrouble("a call was not resumed", cause)),
    });
    this.#wishes = new Wishes(options.muted, () => ({
      path: this.#deviceSide.path,
      far: this.far,
      me: this.roster?.me?.entity,
      tell: (wish) => this.#farSide?.setWish(wish),
      onTrouble: around.onTrouble,
    }));
    this.#around = around;
    const { subscriber, onRoster } = around;
    const [record, wishes] = [this.#record, this.#wishes];
    const onChange = () => around.onChange(this);
    this.#where = new Whereabouts({ record, wishes, subscriber, onChange, onRoster });
  }

  get id(): string {
    return this.#record.id;
  }

  get client(): ClientId | undefined {
    return this.#record.client;
  }

  get state(): CallState {
    return this.#record.state;
  }

  /** Aborted when the call is over, whoever ended it. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get device(): Device | undefined {
    return this.#deviceSide.device;
  }

  get roster(): Roster | undefined {
    return this.#where.roster;
  }

  /** From of the current or coming far leg. */
  get from(): CallerIdentity {
    return this.#record.to.from;
  }

  /** Whether there is a far end, or one is being called: a switch has something to move. */
  get movable(): boolean {
    return this.#farSide !== undefined && this.state !== "ended";
  }

  /** The conference we are in, if the far end is one. */
  get conference(): SipUri | undefined {
    const far = this.#farSide?.current;
    return far && isFocus(far) ? far.target : undefined;
  }

  get far(): FarEnd | undefined {
    return this.#farSide?.current;
  }

  /** We hold both legs. */
  readonly outOfReach = false;

  get view(): CallView {
    const [focus, waiting] = [this.conference !== undefined, this.roster?.waiting];
    const { mutedBy } = this.#wishes;
    return this.#record.view({ mode: "loop", mutedBy, focus, waiting, device: this.device });
  }

  holds(device: Device): boolean {
    return this.#deviceSide.holds(device);
  }

  /** Calls the device, then the far end; resolves when they hear each other. On a failure the call is over, unless superseded. */
  async join(device: Device, to: Destination, signal: AbortSignal, parked?: MediaPath): Promise<void> {
    if (this.#over.signal.aborted) {
      await parked?.hangUp();
      throw this.#record.error ?? new ServiceError("cancelled", []);
    }
    this.#record.to = { ...this.#record.to, from: to.from };
    const path = this.#deviceSide.begin(device, parked);
    path.wish = this.#wishes.direction;
    this.#record.step("chosen");
    const ready = parked ? this.#ready() : this.#ready(() => reachDevice(device, path, this.#until(signal)));
    const farSide = this.#openFarSide(path, ready);
    try {
      await farSide.goTo(to, signal);
    } finally {
      this.#where.settle(farSide);
    }
  }

  /**
   * Puts a caller through to a device that is on the line; the media run through us, whatever the device is. `arrive`
   * answers the caller. Throws ServiceError, and the call is over then.
   */
  async putThrough(device: Device, leg: DeviceLeg, arrive: Arrival): Promise<void> {
    const { mediaHost, codecs } = this.#around;
    const path = new AnchoredPath(mediaHost, codecs);
    path.adopt(leg);
    this.#deviceSide.begin(device, path);
    this.#record.step("chosen");
    const farSide = this.#openFarSide(path, Promise.resolve());
    try {
      await farSide.take(arrive);
      this.#where.settle(farSide);
    } catch (failed) {
      const error = callFailure(this.#record.to.target, failed);
      await this.end(error);
      throw error;
    }
  }

  /** Somebody takes the place of the far end (RFC 3891). Throws ServiceError or SipError, and the far end there is stays. */
  async replaceFar({ from, display }: NewFarEnd, arrive: Arrival): Promise<void> {
    const farSide = this.#farSide;
    if (!farSide) throw new ServiceError("no-active-call", []);
    await farSide.take(arrive);
    this.#record.to = { ...this.#record.to, from, display };
    this.#where.settle(farSide);
    this.#around.onChange(this);
  }

  /** Exchanges the far end under the device; resolves with the gap at the device in ms. Throws ServiceError. */
  async switchTo(to: NewFarEnd, signal: AbortSignal): Promise<number> {
    const farSide = this.#farSide;
    if (!farSide || this.state === "ended") throw new ServiceError("no-active-call", []);
    this.#record.to = { target: to.target, from: to.from, display: to.display };
    if (farSide.current?.target !== to.target || farSide.moving) this.#record.step("moves");
    const moved = farSide.goTo(to, signal);
    if (farSide.current?.target !== to.target) this.#wishes.leaveConference();
    try {
      return await moved;
    } finally {
      this.#where.settle(farSide);
    }
  }

  async useDevice(device: Device, { signal, lineFree }: LineOptions): Promise<undefined> {
    const farSide = this.#farSide;
    if (!farSide || !ON_THE_LINE.includes(this.state)) {
      throw new ServiceError("wrong-state", ["the call has no device to exchange"]);
    }
    await this.#deviceSide.use(device, {
      move: (change) => farSide.useDevice(change),
      signal: this.#until(signal),
      lineFree,
    });
  }

  /** The device's line for another call beside this one, if it can be shared. */
  shareLine(): SharedLine | undefined {
    return this.#deviceSide.path?.share?.();
  }

  /** The device hears this call, of those that share its line. */
  turnLine(): void {
    this.#deviceSide.path?.turnLine?.();
  }

  async setMuted(muted: boolean): Promise<void> {
    await this.#wishes.setMuted(muted);
    this.#around.onChange(this);
  }

  async setHeld(held: boolean): Promise<void> {
    if (!HOLDABLE.includes(this.state)) throw new ServiceError("wrong-state", ["nobody is talking"]);
    if (held === this.#wishes.held) return;
    await this.#wishes.setHeld(held);
    // A switch on its way ends in the state that is right then.
    if (this.state !== "switching") this.#record.step(this.#wishes.held ? "holds" : "resumes");
  }

  dtmf(tones: Tones): Promise<void> {
    return this.#digits.take(() => this.#dtmf(tones));
  }

  /** Ends both legs and the roster; idempotent, resolves when all have heard it. */
  end(error?: ServiceError): Promise<void> {
    this.#ending ??= this.#end(error, () => this.#deviceSide.hangUp());
    return this.#ending;
  }

  async park(keep: (parked: ParkedDevice) => void): Promise<void> {
    const parked = this.#over.signal.aborted ? undefined : this.#deviceSide.park();
    // Before anybody can take the device for free.
    if (parked) keep(parked);
    this.#ending ??= this.#end(undefined, async () => {
      if (parked === undefined) await this.#deviceSide.hangUp();
    });
    await this.#ending;
  }

  dump(): Record<string, unknown> {
    return { ...this.view, media: this.#deviceSide.path?.dump() };
  }

  #pathFor(device: Device): MediaPath {
    const path = newPath(device, this.#around);
    path.wish = this.#wishes.direction;
    return path;
  }

  #until(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#over.signal]);
  }

  /** Resolves when the device is on the line; one that was parked is already. */
  async #ready(reach?: () => Promise<void>): Promise<void> {
    await reach?.();
    this.#record.step("answered");
  }

  #openFarSide(path: MediaPath, deviceReady: Promise<void>): FarSide {
    // Whoever waits for a far end hears of a failure.
    deviceReady.catch(() => undefined);
    const options = {
      caller: this.#around.caller,
      path,
      deviceReady,
      farRequests: this.farRequests,
      onRinging: () => this.#record.step("rings"),
      onReached: (far: FarEnd) => this.#where.reached(far),
      onMoved: (far: FarEnd) => this.#where.moved(far),
      onGone: () => this.#where.gone(),
      onBack: () => this.#where.settle(farSide),
      onLost: (error?: ServiceError) => void this.end(error),
    };
    const farSide = new FarSide(options, this.#wishes.direction);
    this.#farSide = farSide;
    return farSide;
  }

  async #dtmf(tones: Tones): Promise<void> {
    if (this.state !== "active") throw new ServiceError("wrong-state", ["nobody hears digits now"]);
    await playDigits(() => this.far, { ...tones, signal: this.#until(tones.signal) });
  }

  async #end(error: ServiceError | undefined, endDevice: () => Promise<void>): Promise<void> {
    this.#record.error = error;
    this.#over.abort(new ServiceError("cancelled", []));
    this.#record.step("over");
    this.#where.end();
    await Promise.all([this.#farSide?.end(), endDevice()]);
  }
}
