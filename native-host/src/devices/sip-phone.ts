/** Any phone at a SIP URL, on the desk or on this machine: called as it is, asked to answer by itself. */

import { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import { autoAnswer } from "./auto-answer.ts";
import type { ConnectOptions, Device, DeviceEnd, DialledCall, DialOptions } from "./device.ts";
import type { Requester } from "./reachable.ts";
import { Readiness } from "./readiness.ts";
import { type CalledDeviceOptions, connectSipDevice, type SipDeviceLeg } from "./sip-device-leg.ts";
import { type Referrer, type Transfer, transferInside, transferOutside } from "./transfer-by-refer.ts";

export interface SipPhoneOptions extends CalledDeviceOptions {
  readonly uri: SipUri;
  /** How it is told to call somebody by itself; inside a call when missing. */
  readonly transfer?: Transfer | undefined;
  /** Sends REFERs outside a call; without it there are none. */
  readonly referrer?: Referrer | undefined;
  /** Asks it whether it is there; without it, it counts as ready. */
  readonly requester?: Requester | undefined;
}

export function sipPhone(options: SipPhoneOptions): Device {
  return options.transfer === "none" ? new SipPhone(options) : new TransferringSipPhone(options);
}

class SipPhone implements Device {
  readonly kind = "sip";
  readonly id: string;
  readonly name: string;
  readonly anchored: boolean;
  protected readonly options: SipPhoneOptions;
  readonly #readiness: Readiness;
  readonly #end: DeviceEnd;

  constructor(options: SipPhoneOptions) {
    const { id, name, anchored, uri, requester } = options;
    this.id = id;
    this.name = name;
    this.anchored = anchored;
    this.options = options;
    this.#readiness = new Readiness(uri, requester);
    const headers = autoAnswer(uri);
    this.#end = { address: uri, headers, rings: true, connect: (connect) => this.connect(connect) };
  }

  get caps(): readonly string[] {
    return ["loop", "answer", "hangup", "hold", "mute", "dtmf"];
  }

  get readiness() {
    return this.#readiness.state;
  }

  check(): Promise<void> {
    return this.#readiness.check();
  }

  async wake(signal: AbortSignal): Promise<DeviceEnd> {
    const isThere = await Promise.race([this.#readiness.isThere(), aborted(signal)]);
    if (!isThere) throw new ServiceError("device-offline", [this.id]);
    return this.#end;
  }

  protected async connect(connect: ConnectOptions): Promise<SipDeviceLeg> {
    const { uri } = this.options;
    try {
      const leg = await connectSipDevice(uri, { ...this.options, headers: autoAnswer(uri) }, connect);
      this.#readiness.seen("ready");
      return leg;
    } catch (cause) {
      if (cause instanceof ServiceError && cause.code === "device-offline") this.#readiness.seen("offline");
      throw cause;
    }
  }
}

/** Resolves with true, as if it were there, once nobody wants to know any more. */
function aborted(signal: AbortSignal): Promise<true> {
  const { promise, resolve } = Promise.withResolvers<true>();
  if (signal.aborted) resolve(true);
  signal.addEventListener("abort", () => resolve(true), { once: true });
  return promise;
}

/** One that calls somebody by itself when it is asked by REFER. */
class TransferringSipPhone extends SipPhone {
  override get caps(): readonly string[] {
    return [...super.caps, "transfer", "dial"];
  }

  async dial(target: SipUri, options: DialOptions): Promise<DialledCall> {
    const { id, transfer, referrer } = this.options;
    const wish = { ...options, target };
    await this.wake(options.signal);
    return transfer === "outside" && referrer
      ? transferOutside(this.options, referrer, wish)
      : transferInside(id, (connect) => this.connect(connect), wish);
  }
}
