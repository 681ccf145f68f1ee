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
import { after, type CallEvent, HOLDABLE, ON_THE_LINE } from "./call-state.ts";
import { callView } from "./call-view.ts";
import { DeviceSide } from "./device-side.ts";
import { DirectPath } from "./direct-path.ts";
import { playDigits } from "./dtmf.ts";
import { type CallerIdentity, type Destination, type FarEnd, isFocus } from "./far-end.ts";
import { FarRequests } from "./far-requests.ts";
import { type Arrival, FarSide } from "./far-side.ts";
import type { MediaPath } from "./media-path.ts";
import { type Roster, RosterWatch } from "./roster.ts";
import type { SharedLine } from "./shared-line.ts";
import { callFailure } from "./sip-failure.ts";
import { Turns } from "./turns.ts";
import { Wishes } from "./wishes.ts";

export class LoopCall implements Call {
  readonly id: string;
  readonly client: ClientId | undefined;
  readonly farRequests = new FarRequests();
  readonly #dir: CallView["dir"];
  readonly #around: CallSurroundings;
  readonly #roster: RosterWatch;
  readonly #over = new AbortController();
  #state: CallState = "choosing";
  #target: SipUri;
  #display: string | undefined;
  #from: CallerIdentity;
  readonly #wishes: Wishes;
  readonly #deviceSide: DeviceSide;
  readonly #digits = new Turns();
  #farSide: FarSide | undefined;
  #since: Date | undefined;
  #error: ServiceError | undefined;
  #ending: Promise<void> | undefined;

  constructor(options: CallOptions, around: CallSurroundings) {
    this.id = options.id;
    this.client = options.client;
    this.#dir = options.dir ?? "out";
    this.#target = options.target;
    this.#display = options.display;
    this.#deviceSide = new DeviceSide({
      newPath: (device) => this.#pathFor(device),
      onChange: () => around.onChange(this),
      onEnded: () => void this.end(),
      who: () => ({ uri: this.#target, ...(this.#display !== undefined && { name: this.#display }) }),
      onBack: () => this.setHeld(false).catch((cause) => around.onTrouble("a call was not resumed", cause)),
    });
    this.#wishes = new Wishes(options.muted, () => ({
      path: this.#deviceSide.path,
      tell: (wish) => this.#farSide?.setWish(wish),
      onTrouble: around.onTrouble,
    }));
    this.#from = options.from;
    this.#around = around;
    this.#roster = new RosterWatch(around.subscriber, () => around.onRoster());
  }

  get state(): CallState {
    return this.#state;
  }

  /** Aborted when the call is over, whoever ended it. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get device(): Device | undefined {
    return this.#deviceSide.device;
  }

  get roster(): Roster | undefined {
    return this.#roster.roster;
  }

  /** From of the current or coming far leg. */
  get from(): CallerIdentity {
    return this.#from;
  }

  /** Whether there is a far end, or one is being called: a switch has something to move. */
  get movable(): boolean {
    return this.#farSide !== undefined && this.#state !== "ended";
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
    return callView({
      call: this.id,
      id: this.#target,
      dir: this.#dir,
      state: this.#state,
      mode: "loop",
      focus: this.conference !== undefined,
      muted: this.#wishes.muted,
      client: this.client,
      display: this.#display,
      device: this.device,
      since: this.#since,
      error: this.#error,
    });
  }

  holds(device: Device): boolean {
    return this.#deviceSide.holds(device);
  }

  /** Calls the device, then the far end; resolves when they hear each other. On a failure the call is over, unless superseded. */
  async join(device: Device, to: Destination, signal: AbortSignal, parked?: MediaPath): Promise<void> {
    if (this.#over.signal.aborted) {
      await parked?.hangUp();
      throw this.#error ?? new ServiceError("cancelled", []);
    }
    this.#from = to.from;
    const path = this.#deviceSide.begin(device, parked);
    path.wish = this.#wishes.direction;
    this.#step("chosen");
    const ready = parked ? this.#ready() : this.#ready(() => this.#reach(device, path, signal));
    const farSide = this.#openFarSide(path, ready);
    try {
      await farSide.goTo(to, signal);
    } finally {
      this.#settle(farSide);
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
    this.#step("chosen");
    const farSide = this.#openFarSide(path, Promise.resolve());
    try {
      await farSide.take(arrive);
      this.#settle(farSide);
    } catch (failed) {
      const error = callFailure(this.#target, failed);
      await this.end(error);
      throw error;
    }
  }

  /** Somebody takes the place of the far end (RFC 3891). Throws ServiceError or SipError, and the far end there is stays. */
  async replaceFar({ from, display }: NewFarEnd, arrive: Arrival): Promise<void> {
    const farSide = this.#farSide;
    if (!farSide) throw new ServiceError("no-active-call", []);
    await farSide.take(arrive);
    this.#from = from;
    this.#display = display;
    this.#settle(farSide);
    this.#around.onChange(this);
  }

  /** Exchanges the far end under the device; resolves with the gap at the device in ms. Throws ServiceError. */
  async switchTo(to: NewFarEnd, signal: AbortSignal): Promise<number> {
    const farSide = this.#farSide;
    if (!farSide || this.#state === "ended") throw new ServiceError("no-active-call", []);
    this.#from = to.from;
    this.#target = to.target;
    this.#display = to.display;
    if (farSide.current?.target !== to.target || farSide.moving) this.#step("moves");
    try {
      return await farSide.goTo(to, signal);
    } finally {
      this.#settle(farSide);
    }
  }

  async useDevice(device: Device, { signal, lineFree }: LineOptions): Promise<undefined> {
    const farSide = this.#farSide;
    if (!farSide || !ON_THE_LINE.includes(this.#state)) {
      throw new ServiceError("wrong-state", ["the call has no device to exchange"]);
    }
    const ends = AbortSignal.any([signal, this.#over.signal]);
    await this.#deviceSide.use(device, {
      move: (change) => farSide.useDevice(change),
      signal: ends,
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
    if (!HOLDABLE.includes(this.#state)) throw new ServiceError("wrong-state", ["nobody is talking"]);
    if (held === this.#wishes.held) return;
    await this.#wishes.setHeld(held);
    // A switch on its way ends in the state that is right then.
    if (this.#state !== "switching") this.#step(this.#wishes.held ? "holds" : "resumes");
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
    const { mediaHost, codecs, caller } = this.#around;
    const path = device.anchored ? new AnchoredPath(mediaHost, codecs) : new DirectPath(device.id, caller);
    path.wish = this.#wishes.direction;
    return path;
  }

  async #reach(device: Device, path: MediaPath, signal: AbortSignal): Promise<void> {
    const ends = AbortSignal.any([signal, this.#over.signal]);
    await path.connect(await device.wake(ends), ends);
  }

  /** Resolves when the device is on the line; one that was parked is already. */
  async #ready(reach?: () => Promise<void>): Promise<void> {
    await reach?.();
    this.#step("answered");
  }

  #openFarSide(path: MediaPath, deviceReady: Promise<void>): FarSide {
    // Whoever waits for a far end hears of a failure.
    deviceReady.catch(() => undefined);
    const options = {
      caller: this.#around.caller,
      path,
      deviceReady,
      farRequests: this.farRequests,
      onRinging: () => this.#step("rings"),
      onReached: (far: FarEnd) => this.#reached(far),
      onLost: (error?: ServiceError) => void this.end(error),
    };
    this.#farSide = new FarSide(options, this.#wishes.direction);
    return this.#farSide;
  }

  async #dtmf(tones: Tones): Promise<void> {
    if (this.#state !== "active") throw new ServiceError("wrong-state", ["nobody hears digits now"]);
    const signal = AbortSignal.any([tones.signal, this.#over.signal]);
    await playDigits(() => this.far, { ...tones, signal });
  }

  #reached(far: FarEnd): void {
    this.#since ??= new Date();
    this.#roster.follow(far);
  }

  #settle(farSide: FarSide): void {
    if (farSide.moving || this.#state === "ended" || !farSide.current) return;
    this.#target = farSide.current.target;
    this.#step(this.#wishes.held ? "holds" : "connected");
  }

  #step(event: CallEvent): void {
    const next = after(this.#state, event);
    if (next === undefined) return;
    this.#state = next;
    this.#around.onChange(this);
  }

  async #end(error: ServiceError | undefined, endDevice: () => Promise<void>): Promise<void> {
    this.#error = error;
    this.#over.abort(new ServiceError("cancelled", []));
    this.#step("over");
    this.#roster.end();
    await Promise.all([this.#farSide?.end(), endDevice()]);
  }
}
