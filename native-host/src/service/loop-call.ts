/** A call in loop mode: a device, whom it talks to, and us in between as a back-to-back user agent (paper §IV, Figure 5). */

import type { CallView, ClientId } from "../api/call-control.ts";
import type { Device } from "../devices/device.ts";
import { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import { AnchoredPath } from "./anchored-path.ts";
import type { Call, CallOptions, CallSurroundings, NewFarEnd, ParkedDevice } from "./call.ts";
import { after, type CallEvent, type LoopCallState } from "./call-state.ts";
import { DirectPath } from "./direct-path.ts";
import type { CallerIdentity, Destination, FarEnd } from "./far-end.ts";
import { FarRequests } from "./far-requests.ts";
import { FarSide } from "./far-side.ts";
import type { MediaPath } from "./media-path.ts";
import { type Roster, RosterWatch } from "./roster.ts";
import { asFailure } from "./sip-failure.ts";

/** States in which the device is in the call. */
const ON_THE_LINE: readonly LoopCallState[] = ["dialing", "ringing", "active", "switching"];

interface DeviceWait {
  readonly signal: AbortSignal;
  /** It was parked, and need not be called. */
  readonly onTheLine: boolean;
}

export class LoopCall implements Call {
  readonly id: string;
  readonly client: ClientId | undefined;
  readonly farRequests = new FarRequests();
  readonly #around: CallSurroundings;
  readonly #roster: RosterWatch;
  readonly #over = new AbortController();
  #state: LoopCallState = "choosing";
  #target: SipUri;
  #display: string | undefined;
  #from: CallerIdentity;
  #muted: boolean;
  #device: Device | undefined;
  #path: MediaPath | undefined;
  #farSide: FarSide | undefined;
  #since: Date | undefined;
  #error: ServiceError | undefined;
  #ending: Promise<void> | undefined;

  constructor(options: CallOptions, around: CallSurroundings) {
    this.id = options.id;
    this.client = options.client;
    this.#target = options.target;
    this.#display = options.display;
    this.#muted = options.muted;
    this.#around = around;
    this.#roster = new RosterWatch(around.subscriber, () => around.onRoster());
  }

  get state(): LoopCallState {
    return this.#state;
  }

  /** Aborted when the call is over, whoever ended it. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  get device(): Device | undefined {
    return this.#device;
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
    return {
      call: this.id,
      id: this.#target,
      dir: "out",
      state: this.#state,
      mode: "loop",
      focus: this.conference !== undefined,
      muted: this.#muted,
      ...(this.client !== undefined && { client: this.client }),
      ...(this.#display !== undefined && { display: this.#display }),
      ...(this.#device && { dev: this.#device.id }),
      ...(this.#since && { since: this.#since }),
      ...(this.#error && { error: asFailure(this.#error) }),
    };
  }

  holds(device: Device): boolean {
    return device === this.#device;
  }

  /** Calls the device, then the far end; resolves when they hear each other. On a failure the call is over, unless superseded. */
  async join(device: Device, to: Destination, signal: AbortSignal, parked?: MediaPath): Promise<void> {
    this.#device = device;
    this.#from = to.from;
    const path = parked ?? this.#pathFor(device);
    this.#path = path;
    path.muted = this.#muted;
    path.onEnded = () => void this.end();
    this.#step("chosen");
    const farSide = this.#openFarSide(
      path,
      this.#ready(device, path, { signal, onTheLine: parked !== undefined }),
    );
    this.#farSide = farSide;
    try {
      await farSide.goTo(to, signal);
    } finally {
      this.#settle(farSide);
    }
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

  /** Puts another device in the place of this one, the far end none the wiser; the old one stays on a failure. */
  async useDevice(device: Device, signal: AbortSignal): Promise<void> {
    if (device === this.#device) return;
    const path = this.#path;
    if (!path || !ON_THE_LINE.includes(this.#state)) {
      throw new ServiceError("wrong-state", ["the call has no device to exchange"]);
    }
    const ends = AbortSignal.any([signal, this.#over.signal]);
    await path.replaceDevice(await device.wake(ends), ends);
    this.#device = device;
    this.#around.onChange(this);
  }

  async setMuted(muted: boolean): Promise<void> {
    this.#muted = muted;
    if (this.#path) this.#path.muted = muted;
    const told = this.#farSide?.setMuted(muted);
    if (this.#path?.mutes)
      told?.catch((cause: unknown) => this.#around.onTrouble("mute was not signalled", cause));
    else await told;
    this.#around.onChange(this);
  }

  async setHeld(): Promise<void> {
    throw new ServiceError("wrong-state", ["this version cannot hold calls"]);
  }

  async dtmf(): Promise<void> {
    throw new ServiceError("wrong-state", ["this version cannot play digits"]);
  }

  /** Ends both legs and the roster; idempotent, resolves when all have heard it. */
  end(error?: ServiceError): Promise<void> {
    this.#ending ??= this.#end(error, () => this.#path?.hangUp());
    return this.#ending;
  }

  /** Ends the far leg and hands over the device, in silence on the line; undefined when it cannot be kept. */
  async park(): Promise<ParkedDevice | undefined> {
    const device = this.#device;
    const path = this.#path;
    if (this.#ending || !device || !path?.park()) {
      await this.end();
      return undefined;
    }
    path.onEnded = () => undefined;
    this.#ending = this.#end(undefined, () => undefined);
    await this.#ending;
    return { device, path };
  }

  dump(): Record<string, unknown> {
    return { ...this.view, media: this.#path?.dump() };
  }

  #pathFor(device: Device): MediaPath {
    const { mediaHost, codecs, caller } = this.#around;
    return device.anchored ? new AnchoredPath(mediaHost, codecs) : new DirectPath(device.id, caller);
  }

  async #ready(device: Device, path: MediaPath, { signal, onTheLine }: DeviceWait): Promise<void> {
    const ends = AbortSignal.any([signal, this.#over.signal]);
    if (!onTheLine) await path.connect(await device.wake(ends), ends);
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
    return new FarSide(options, this.#muted);
  }

  #reached(far: FarEnd): void {
    this.#since ??= new Date();
    this.#roster.follow(far);
  }

  #settle(farSide: FarSide): void {
    if (farSide.moving || this.#state === "ended" || !farSide.current) return;
    this.#target = farSide.current.target;
    this.#step("connected");
  }

  #step(event: CallEvent): void {
    const next = after(this.#state, event);
    if (next === undefined) return;
    this.#state = next;
    this.#around.onChange(this);
  }

  async #end(error: ServiceError | undefined, endDevice: () => Promise<void> | undefined): Promise<void> {
    this.#error = error;
    this.#over.abort(new ServiceError("cancelled", []));
    this.#step("over");
    this.#roster.end();
    await Promise.all([this.#farSide?.end(), endDevice()]);
  }
}

function isFocus(far: FarEnd): boolean {
  return "isfocus" in far.leg.remoteContact.params;
}
