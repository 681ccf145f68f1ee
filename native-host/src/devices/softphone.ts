/** A softphone on this machine: its program is launched at first use, then called like any other phone. */

import { randomBytes } from "node:crypto";
import { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import { autoAnswer } from "./auto-answer.ts";
import type { ConnectOptions, Device, DeviceEnd, DialledCall, DialOptions } from "./device.ts";
import type { RunningSoftphone } from "./running-softphone.ts";
import { type CalledDeviceOptions, connectSipDevice, type SipDeviceLeg } from "./sip-device-leg.ts";
import { transferInside } from "./transfer-by-refer.ts";

/** What every softphone program is launched with. */
export interface LaunchOptions {
  /** A name on PATH or a path. */
  readonly program: string;
  /** Its own directory, made if need be; only the user may look into it. */
  readonly directory: string;
  /** Microphone and loudspeaker in the program's words; the system's sound when missing. */
  readonly audioSource?: string | undefined;
  readonly audioPlayer?: string | undefined;
}

/** A program of the softphone, running. */
export interface SoftphoneProgram {
  /** Where it listens; its user part may be a secret between it and us. */
  readonly address: SipUri;
  /** Whose calls it answers, a secret between it and us; with a secret address it answers everybody there. */
  readonly from?: SipUri;
  readonly pid: number | undefined;
  /** Resolves when the program has ended, for whatever reason. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

export interface SoftphoneOptions extends CalledDeviceOptions {
  /** Whether the program is on this machine. */
  readonly installed: boolean;
  /** Starts the program. Throws as the system does. */
  readonly launch: () => Promise<SoftphoneProgram>;
  /** OPTIONS until 200 (RFC 3261 §11); rejects when the signal aborts. */
  readonly untilReachable: (address: SipUri, signal: AbortSignal) => Promise<void>;
  /** The program as the user started it himself, if he did: it is used, and none is launched. */
  readonly running?: () => Promise<RunningSoftphone | undefined>;
}

/** A program that is not reachable by then will not be. */
const START_WITHIN_MS = 8000;
/** It answers by itself, at once, unless its microphone or loudspeaker cannot be opened: then it only rings. */
const ANSWER_WITHIN_MS = 5000;
/** The user's own may take no orders: then it rings until he picks it up. */
const PICK_UP_WITHIN_MS = 30_000;

/** Its legs are ours, and can be asked more than those of any device. */
type SoftphoneEnd = DeviceEnd & { connect(options: ConnectOptions): Promise<SipDeviceLeg> };

export function softphone(options: SoftphoneOptions): Device {
  return new Softphone(options);
}

class Softphone implements Device {
  readonly kind = "softphone";
  readonly caps = ["loop", "transfer", "dial", "answer", "hangup", "hold", "mute", "dtmf"];
  readonly #options: SoftphoneOptions;
  readonly #legs = new Set<SipDeviceLeg>();
  #program: Promise<SoftphoneProgram> | undefined;

  constructor(options: SoftphoneOptions) {
    this.#options = options;
  }

  get id(): string {
    return this.#options.id;
  }

  get name(): string {
    return this.#options.name;
  }

  get anchored(): boolean {
    return this.#options.anchored;
  }

  get readiness() {
    return this.#options.installed ? "ready" : "offline";
  }

  async bell(): Promise<DeviceEnd | undefined> {
    const running = this.#program === undefined ? await this.#options.running?.() : undefined;
    return running && this.#endOf(running);
  }

  async wake(signal: AbortSignal): Promise<SoftphoneEnd> {
    const running = this.#program === undefined ? await this.#options.running?.() : undefined;
    if (running) return this.#endOf(running);
    try {
      const program = await this.#running();
      const { address } = program;
      await this.#untilReachable(address, program.exited, signal);
      return { address, headers: autoAnswer(address), connect: (connect) => this.#connect(program, connect) };
    } catch (cause) {
      // Whoever gave up waiting says nothing about the program; one that does not answer is started anew next time.
      if (!signal.aborted) await this.close();
      throw new ServiceError("device-offline", [this.id], { cause });
    }
  }

  /** The user's own rings when it is asked to: he has a screen to pick it up on. */
  #endOf(running: RunningSoftphone): SoftphoneEnd {
    const { address } = running;
    const headers = autoAnswer(address);
    const connect = async (options: ConnectOptions) => {
      if (options.ringMs !== undefined)
        return connectSipDevice(address, { ...this.#options, headers }, options);
      const from: SipUri = `sip:${randomBytes(12).toString("hex")}@${this.#options.mediaHost}`;
      const onRinging = (callId: string) => void running.answer({ callId, from });
      const device = { ...this.#options, headers, answerWithinMs: PICK_UP_WITHIN_MS, onRinging };
      return connectSipDevice(address, device, { ...options, from: { uri: from } });
    };
    return { address, headers, rings: true, connect };
  }

  async dial(target: SipUri, options: DialOptions): Promise<DialledCall> {
    const { connect } = await this.wake(options.signal);
    return transferInside(this.id, connect, { ...options, target });
  }

  async close(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    const started = await program?.catch(() => undefined);
    await started?.stop();
  }

  async #untilReachable(address: SipUri, exited: Promise<void>, signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const abort = () => failed.abort(new ServiceError("device-offline", [this.id]));
    const overdue = setTimeout(abort, START_WITHIN_MS);
    void exited.then(abort);
    try {
      await this.#options.untilReachable(address, AbortSignal.any([signal, failed.signal]));
    } finally {
      clearTimeout(overdue);
    }
  }

  #running(): Promise<SoftphoneProgram> {
    this.#program ??= this.#start();
    return this.#program;
  }

  async #start(): Promise<SoftphoneProgram> {
    const program = await this.#options.launch();
    void program.exited.then(() => this.#ended());
    return program;
  }

  /** Crashed or stopped: whoever talked through it is cut off, and the next use starts it again. */
  #ended(): void {
    this.#program = undefined;
    for (const leg of this.#legs) leg.lost("the softphone ended");
    this.#legs.clear();
  }

  async #connect({ address, from }: SoftphoneProgram, connect: ConnectOptions): Promise<SipDeviceLeg> {
    const options = { ...this.#options, headers: autoAnswer(address), answerWithinMs: ANSWER_WITHIN_MS };
    const leg = await connectSipDevice(address, options, {
      ...connect,
      ...(from && { from: { uri: from } }),
    });
    for (const old of this.#legs) if (old.leg.state === "ended") this.#legs.delete(old);
    this.#legs.add(leg);
    return leg;
  }
}
