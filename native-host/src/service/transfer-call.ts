/** A call in transfer mode: the device is told to call by itself, and then the call is the device's (paper §IV, Figure 4). */

import type { CallState, CallView, ClientId } from "../api/call-control.ts";
import type { Device, DialledCall } from "../devices/device.ts";
import { ServiceError } from "../errors.ts";
import { withoutSecrets } from "../secrets.ts";
import type { SipUri } from "../sip/message.ts";
import { dialogAt, takenOver } from "./attended.ts";
import type { Call, CallOptions, CallSurroundings, LineOptions, NewFarEnd, Tones } from "./call.ts";
import { after, type CallEvent } from "./call-state.ts";
import { callView } from "./call-view.ts";
import type { CallerIdentity, Destination } from "./far-end.ts";
import { followDialog } from "./phone-dialogs.ts";
import { callFailure, switchFailure } from "./sip-failure.ts";

export class TransferCall implements Call {
  readonly id: string;
  readonly client: ClientId | undefined;
  /** The media are elsewhere: nothing of ours to look into, move, or keep on the line. */
  readonly roster = undefined;
  readonly conference = undefined;
  readonly far = undefined;
  readonly movable = false;
  readonly #around: CallSurroundings;
  readonly #over = new AbortController();
  #state: CallState = "choosing";
  #target: SipUri;
  #display: string | undefined;
  #from: CallerIdentity;
  #device: Device | undefined;
  /** The one that is to take the call over. */
  #coming: Device | undefined;
  #dialled: DialledCall | undefined;
  /** Stops following what the phone says of its call. */
  #unfollow: () => void = () => undefined;
  #since: Date | undefined;
  #muted = false;
  #held = false;
  #error: ServiceError | undefined;
  #ending: Promise<void> | undefined;

  constructor({ id, client, target, display }: Omit<CallOptions, "muted">, around: CallSurroundings) {
    this.id = id;
    this.client = client;
    this.#target = target;
    this.#display = display;
    this.#around = around;
  }

  get state(): CallState {
    return this.#held && this.#state === "transferred" ? "held" : this.#state;
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  get device(): Device | undefined {
    return this.#device;
  }

  get from(): CallerIdentity {
    return this.#from;
  }

  get target(): SipUri {
    return this.#target;
  }

  /** The device has it, and nothing that we can ask of the device would end it. */
  get outOfReach(): boolean {
    return this.#state === "transferred" && this.#dialled?.hangUp === undefined;
  }

  get view(): CallView {
    return callView({
      call: this.id,
      id: withoutSecrets(this.#target),
      dir: "out",
      state: this.state,
      mode: "transfer",
      mutedBy: this.#muted ? "self" : undefined,
      client: this.client,
      display: this.#display,
      device: this.#device,
      since: this.#since,
      error: this.#error,
    });
  }

  /** A device that tells us nothing more may have hung up long ago: it counts as free. */
  holds(device: Device): boolean {
    return device === this.#coming || (device === this.#device && !this.outOfReach);
  }

  /** Has the device call; resolves when it says that the far end answered. On a failure the call is over. */
  async join(device: Device, to: Destination, { signal, lineFree }: LineOptions): Promise<void> {
    this.#device = device;
    this.#from = to.from;
    this.#step("chosen");
    try {
      await lineFree;
      await this.#dial(device, to, signal);
    } catch (failed) {
      const error = callFailure(to.target, failed);
      await this.end(error);
      throw error;
    }
  }

  /** SameDeviceJoin for a call out of our hands: the device calls anew, and hangs up first where it can be told to. */
  async redial(to: NewFarEnd, signal: AbortSignal): Promise<void> {
    const device = this.#device;
    if (!device || this.#state !== "transferred")
      throw new ServiceError("wrong-state", ["the device is calling already"]);
    const before = { target: this.#target, display: this.#display, from: this.#from };
    this.#describe(to);
    this.#step("moves");
    const hungUp = await this.#letGo();
    try {
      await this.#dial(device, to, signal);
    } catch (failed) {
      throw await this.#redialFailed(before, failed, hungUp);
    }
  }

  async switchTo(): Promise<never> {
    throw this.#noControl();
  }

  /** Attended, where the phone says which call it is in; the call is in our hands then. */
  async useDevice(device: Device, { signal, lineFree }: LineOptions): Promise<Call> {
    if (this.#state !== "transferred" || this.#coming)
      throw new ServiceError("wrong-state", ["the device is just calling"]);
    const target = this.#target;
    this.#coming = device;
    this.#around.onChange(this);
    try {
      const takesOver = await dialogAt({ target, device: this.#device }, this.#around.subscriber, signal);
      if (!takesOver) throw this.#noControl();
      await lineFree;
      const ends = AbortSignal.any([signal, this.#over.signal]);
      const ours = { id: this.id, client: this.client, target, display: this.#display };
      const to = { target, from: this.#from, takesOver };
      const taken = await takenOver(ours, this.#around, { device, to, signal: ends });
      this.#dialled = undefined;
      this.#unfollow();
      return taken;
    } finally {
      this.#coming = undefined;
      this.#around.onChange(this);
    }
  }

  async setMuted(muted: boolean): Promise<void> {
    const dialled = this.#dialled;
    if (!dialled?.setMuted) throw this.#noControl();
    await dialled.setMuted(muted);
    this.#muted = muted;
    this.#around.onChange(this);
  }

  async setHeld(held: boolean): Promise<void> {
    const dialled = this.#dialled;
    if (!dialled?.setHeld) throw this.#noControl();
    await dialled.setHeld(held);
    this.#held = held;
    this.#around.onChange(this);
  }

  async dtmf({ digits }: Tones): Promise<void> {
    const dialled = this.#dialled;
    if (!dialled?.dtmf) throw this.#noControl();
    await dialled.dtmf(digits);
  }

  /** Hangs up where the device can be told to; when the service ends, the call goes on without it. */
  end(error?: ServiceError): Promise<void> {
    this.#ending ??= this.#end(error);
    return this.#ending;
  }

  async park(): Promise<void> {
    await this.end();
  }

  dump(): Record<string, unknown> {
    return { ...this.view };
  }

  async #dial(device: Device, { target, from }: Destination, signal: AbortSignal): Promise<void> {
    if (!device.dial) throw new ServiceError("device-unsupported", [device.id, "call by itself"]);
    const dialled = await device.dial(target, {
      ...(from && { from: from.uri }),
      onRinging: () => this.#step("rings"),
      signal: AbortSignal.any([signal, this.#over.signal]),
    });
    if (this.#state === "ended") {
      await dialled.hangUp?.();
      throw new ServiceError("cancelled", []);
    }
    dialled.onEnded = () => {
      if (this.#dialled === dialled) void this.#lost();
    };
    this.#dialled = dialled;
    this.#held = false;
    this.#muted = false;
    this.#since = new Date();
    this.#step("handed");
    this.#unfollow();
    if (this.outOfReach)
      this.#follow(device, target).catch((cause: unknown) =>
        this.#around.onTrouble("the phone's calls were not followed", cause),
      );
  }

  /** Of a call that we cannot end the phone itself may say when it is over. */
  async #follow(device: Device, target: SipUri): Promise<void> {
    const end = await device.wake(this.#over.signal).catch(() => undefined);
    if (!end?.address || !this.outOfReach) return;
    const onOver = () => void this.#lost();
    this.#unfollow = followDialog(this.#around.subscriber, { phone: end.address, target, onOver });
  }

  /** The device says that the call is over: there is nothing left to hang up. */
  async #lost(): Promise<void> {
    this.#dialled = undefined;
    if (this.#state !== "switching") await this.end();
  }

  /** Ends the device's call where we can; says whether it could. */
  async #letGo(): Promise<boolean> {
    const dialled = this.#dialled;
    this.#dialled = undefined;
    if (!dialled?.hangUp) return false;
    await dialled.hangUp();
    return true;
  }

  async #redialFailed(before: NewFarEnd, failed: unknown, hungUp: boolean): Promise<ServiceError> {
    if (hungUp || this.#state === "ended") {
      const lost = new ServiceError("switch-lost", [], { cause: failed });
      await this.end(lost);
      return lost;
    }
    const why = callFailure(this.#target, failed);
    this.#describe(before);
    this.#step("handed");
    return switchFailure(before.target, why);
  }

  #describe({ target, display, from }: NewFarEnd): void {
    this.#target = target;
    this.#display = display;
    this.#from = from;
  }

  #noControl(): ServiceError {
    return new ServiceError("no-control", [this.id]);
  }

  #step(event: CallEvent): void {
    const next = after(this.#state, event);
    if (next === undefined) return;
    this.#state = next;
    this.#around.onChange(this);
  }

  async #end(error: ServiceError | undefined): Promise<void> {
    this.#error = error;
    this.#over.abort(new ServiceError("cancelled", []));
    this.#unfollow();
    this.#step("over");
    const dialled = this.#dialled;
    this.#dialled = undefined;
    if (error?.code !== "shutting-down") await dialled?.hangUp?.().catch(() => undefined);
  }
}
