/**
 * A call that comes in, until somebody answers it or nobody will: the caller hears it ring, and so do the user's phones.
 *
 *     incoming ◀─▶ calling-device ─▶ (a LoopCall of the same name)
 *         └──────────────┴─▶ ended
 */

import type { CallView, ClientId } from "../api/call-control.ts";
import type { Codec, Device, DeviceLeg } from "../devices/device.ts";
import { ServiceError } from "../errors.ts";
import { COMPLETED_ELSEWHERE, isCompletedElsewhere } from "../sip/cancel-reason.ts";
import type { IncomingInvite } from "../sip/leg.ts";
import type { Call } from "./call.ts";
import type { CallerIdentity } from "./far-end.ts";
import { Ringing, type RingingOptions } from "./ringing.ts";
import { asFailure } from "./sip-failure.ts";
import type { Visitor } from "./visitor.ts";

/** A device that is on the line for the call. */
export interface Picked {
  readonly device: Device;
  readonly leg: DeviceLeg;
  /** Who told us to answer; nobody when the phone was picked up. */
  readonly client: ClientId | undefined;
}

export interface IncomingCallOptions {
  readonly id: string;
  readonly invite: IncomingInvite;
  readonly visitor: Visitor;
  /** What a device may choose from, so that the caller understands it. */
  readonly codecs: readonly Codec[];
  readonly ringing: Pick<RingingOptions, "devices" | "how" | "ringMs">;
  /** How long the caller waits, milliseconds. */
  readonly giveUpMs: number;
  readonly onChange: (call: IncomingCall) => void;
  /** From now on the call is the owner's to put through; resolves when that is done. Must not reject unheard. */
  readonly onPicked: (call: IncomingCall, picked: Picked) => Promise<Call>;
  /** Nobody answered here. `elsewhere`: a phone that is none of ours has it. */
  readonly onOver: (call: IncomingCall, elsewhere: boolean) => void;
}

interface Answer {
  readonly device: Device;
  readonly client: ClientId;
  readonly signal: AbortSignal;
  readonly bring: (signal: AbortSignal) => Promise<DeviceLeg>;
}

/** From here on a phone speaks for all of them (RFC 3261 §21.6). */
const FOR_ALL = 600;
const BUSY = 486;

export class IncomingCall implements Call {
  readonly client = undefined;
  readonly roster = undefined;
  readonly conference = undefined;
  readonly far = undefined;
  readonly movable = false;
  readonly outOfReach = false;
  readonly invite: IncomingInvite;
  readonly visitor: Visitor;
  readonly codecs: readonly Codec[];
  /** When it began to ring. */
  readonly at = new Date();
  readonly #options: IncomingCallOptions;
  readonly #ringing: Ringing;
  readonly #over = new AbortController();
  readonly #clock: NodeJS.Timeout;
  #state: "incoming" | "calling-device" | "ended" = "incoming";
  #device: Device | undefined;
  #error: ServiceError | undefined;
  /** The call is answered, refused or gone. */
  #decided = false;
  /** Why the last phone that was rung refused. */
  #refusal: ServiceError | undefined;

  constructor(options: IncomingCallOptions) {
    this.#options = options;
    this.invite = options.invite;
    this.visitor = options.visitor;
    this.codecs = options.codecs;
    const { uri, display: name } = options.visitor;
    this.#ringing = new Ringing({
      ...options.ringing,
      connect: { codecs: options.codecs, from: { uri, ...(name !== undefined && { name }) } },
      onPicked: (device, leg) => void this.#picked({ device, leg, client: undefined }),
      onChange: () => options.onChange(this),
      onRefused: (_device, why) => this.#refusedBy(why),
    });
    this.#clock = setTimeout(() => this.#giveUp(), options.giveUpMs);
  }

  get id(): string {
    return this.#options.id;
  }

  get state() {
    return this.#state;
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  get device(): Device | undefined {
    return this.#device;
  }

  get from(): CallerIdentity {
    return this.visitor.called;
  }

  get view(): CallView {
    const { uri, display } = this.visitor;
    return {
      call: this.id,
      id: uri,
      dir: "in",
      state: this.#state,
      mode: "loop",
      focus: false,
      muted: false,
      ...(display !== undefined && { display }),
      ...(this.#device && { dev: this.#device.id }),
      ...(this.#error && { error: asFailure(this.#error) }),
    };
  }

  /** Lets the caller and the phones ring. */
  start(): void {
    this.invite.onCancelled = (reason) => this.#cancelled(reason);
    this.invite.ring(180);
    this.#options.onChange(this);
    void this.#ringing.start().then(() => this.#nobodyLeft());
  }

  holds(device: Device): boolean {
    return device === this.#device || this.#ringing.holds(device);
  }

  /** Nobody rings: the user is not to be disturbed, or busy. */
  turnAway(): void {
    this.#refuse(BUSY, new ServiceError("busy", ["The line"], { sip: BUSY }));
  }

  /**
   * Puts the call through to a device that `bring` gets onto the line. Throws ServiceError; when it is the device that
   * failed, the caller goes on ringing on the others.
   */
  async answer({ device, client, signal, bring }: Answer): Promise<Call> {
    if (this.#state !== "incoming") throw new ServiceError("wrong-state", ["it is being answered, or over"]);
    this.#move("calling-device", device);
    this.#ringing.silence(device, COMPLETED_ELSEWHERE);
    const leg = await this.#bring(bring, signal);
    const through = this.#picked({ device, leg, client });
    if (!through) throw this.#lost();
    return through;
  }

  /** The user does not want it; `status` is what the caller hears. */
  decline(status: number): void {
    this.#refuse(status, new ServiceError("declined", ["You"], { sip: status }));
  }

  async end(error?: ServiceError): Promise<void> {
    this.#refuse(480, error);
  }

  async switchTo(): Promise<never> {
    throw notAnswered();
  }

  async useDevice(): Promise<never> {
    throw notAnswered();
  }

  async setMuted(): Promise<never> {
    throw notAnswered();
  }

  async setHeld(): Promise<never> {
    throw notAnswered();
  }

  async dtmf(): Promise<never> {
    throw notAnswered();
  }

  async park(): Promise<undefined> {
    await this.end();
  }

  dump(): Record<string, unknown> {
    return { ...this.view };
  }

  async #bring(bring: Answer["bring"], signal: AbortSignal): Promise<DeviceLeg> {
    try {
      return await bring(AbortSignal.any([signal, this.#over.signal]));
    } catch (failed) {
      if (this.#decided) throw this.#lost();
      this.#move("incoming", undefined);
      throw failed;
    }
  }

  /** The first phone has the call; a second one at the same moment is hung up. */
  #picked(picked: Picked): Promise<Call> | undefined {
    if (this.#decided) {
      void picked.leg.hangUp(COMPLETED_ELSEWHERE.message);
      return undefined;
    }
    this.#decide(COMPLETED_ELSEWHERE);
    return this.#options.onPicked(this, picked);
  }

  /** Why it cannot be answered any more. */
  #lost(): ServiceError {
    return this.#error ?? new ServiceError("wrong-state", ["another phone has it"]);
  }

  #refusedBy(why: ServiceError): void {
    this.#refusal = why;
    const { sip } = why;
    if (sip !== undefined && sip >= FOR_ALL) this.decline(sip);
  }

  /** The last phone refused: as if the user had said so, unless the user is just answering with another one. */
  #nobodyLeft(): void {
    const refusal = this.#refusal;
    if (this.#state === "incoming" && refusal?.code === "device-busy") {
      this.#refuse(BUSY, new ServiceError("busy", ["Your phone"], { sip: BUSY }));
    }
  }

  #giveUp(): void {
    this.#refuse(480, new ServiceError("no-answer", ["You"]));
  }

  /** The caller is gone, or another phone of the user's has the call. */
  #cancelled(reason: string | undefined): void {
    const elsewhere = isCompletedElsewhere(reason);
    // Who shows missed calls reads there that this is none.
    const why = elsewhere ? { reason: COMPLETED_ELSEWHERE.message } : {};
    this.#finish(new ServiceError("cancelled", [], why), elsewhere ? COMPLETED_ELSEWHERE : undefined);
  }

  #refuse(status: number, error: ServiceError | undefined): void {
    if (this.#decided) return;
    this.invite.reject(status);
    this.#finish(error);
  }

  #finish(error: ServiceError | undefined, why?: Error): void {
    if (this.#decided) return;
    this.#error = error;
    this.#decide(why ?? new ServiceError("cancelled", []));
    this.#move("ended", this.#device);
    this.#options.onOver(this, why === COMPLETED_ELSEWHERE);
  }

  #decide(why: Error): void {
    this.#decided = true;
    clearTimeout(this.#clock);
    this.#over.abort(why);
    this.#ringing.stop(why);
  }

  #move(state: "incoming" | "calling-device" | "ended", device: Device | undefined): void {
    this.#state = state;
    this.#device = device;
    this.#options.onChange(this);
  }
}

function notAnswered(): ServiceError {
  return new ServiceError("wrong-state", ["the call is not answered yet"]);
}
