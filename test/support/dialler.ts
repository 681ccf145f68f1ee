/** A phone that calls by itself when told to, as a desk phone does that is driven by HTTP or by REFER. */

import type { SipUri } from "#sip/message.ts";
import type { Device, DeviceEnd, DialledCall, DialOptions } from "../../native-host/src/devices/device.ts";
import type { Ladder } from "./ladder.ts";

export interface DiallerOptions {
  readonly id: string;
  readonly ladder: Ladder;
  /** What it can be told once it has called: any of hangup, hold, mute, dtmf; nothing when missing. */
  readonly can?: readonly ("hangup" | "hold" | "mute" | "dtmf")[];
  /** The end that takes calls of the service as well, where it does. */
  readonly end?: DeviceEnd;
}

export class Dialler implements Device {
  readonly id: string;
  readonly kind = "http";
  readonly name: string;
  readonly caps: readonly string[];
  readonly readiness = "ready";
  readonly anchored = true;
  /** Why the next call fails; a call that succeeds when undefined. */
  fails: Error | undefined;
  /** The next call waits for this. */
  answers: Promise<void> = Promise.resolve();
  /** The call it made last. */
  dialled: DialledCall | undefined;
  readonly #options: DiallerOptions;

  constructor(options: DiallerOptions) {
    this.#options = options;
    this.id = options.id;
    this.name = `${options.id} phone`;
    this.caps = ["transfer", "dial", ...(options.can ?? [])];
  }

  async wake(): Promise<DeviceEnd> {
    if (!this.#options.end) throw new Error(`${this.id} takes no calls`);
    return this.#options.end;
  }

  async dial(target: SipUri, { onRinging, signal }: DialOptions): Promise<DialledCall> {
    this.#says(`call ${nameOf(target)}`);
    const cancelled = Promise.withResolvers<never>();
    cancelled.promise.catch(() => undefined);
    signal.addEventListener("abort", () => cancelled.reject(signal.reason), { once: true });
    onRinging?.();
    await Promise.race([this.answers, cancelled.promise]);
    if (this.fails) throw this.fails;
    this.dialled = this.#call();
    return this.dialled;
  }

  #call(): DialledCall {
    const can = (token: "hangup" | "hold" | "mute" | "dtmf") => this.#options.can?.includes(token);
    return {
      onEnded: () => undefined,
      ...(can("hangup") && { hangUp: async () => this.#says("hang up") }),
      ...(can("hold") && { setHeld: async (held: boolean) => this.#says(held ? "hold" : "resume") }),
      ...(can("mute") && { setMuted: async (muted: boolean) => this.#says(muted ? "mute" : "unmute") }),
      ...(can("dtmf") && { dtmf: async (digits: string) => this.#says(`digits ${digits}`) }),
    };
  }

  #says(what: string): void {
    this.#options.ladder.record("service", this.id, what);
  }
}

function nameOf(target: string): string {
  return target.slice(target.indexOf(":") + 1, target.indexOf("@"));
}
