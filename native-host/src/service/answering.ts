/** Answer and Decline: a call that comes in is put through to a device, named or chosen by the user. */

import type { CallControl, Joined } from "../api/call-control.ts";
import type { Device, DeviceLeg } from "../devices/device.ts";
import type { DeviceRegistry } from "../devices/registry.ts";
import { ServiceError } from "../errors.ts";
import type { Calls } from "./calls.ts";
import type { Prompts } from "./choose-device.ts";
import { IncomingCall } from "./incoming-call.ts";
import { joinedOf } from "./joining.ts";
import type { Parking } from "./parking.ts";

export interface AnsweringOptions {
  readonly devices: DeviceRegistry;
  readonly calls: Calls;
  readonly prompts: Prompts;
  readonly parking: Parking;
  /** The devices as applications see them. */
  readonly views: CallControl["devices"];
}

type AnswerRequest = Parameters<CallControl["answer"]>[0];
type DeclineRequest = Parameters<CallControl["decline"]>[0];

export class Answering {
  readonly #options: AnsweringOptions;

  constructor(options: AnsweringOptions) {
    this.#options = options;
  }

  /** Throws ServiceError; the caller goes on ringing when it is the device that failed. */
  async answer(call: IncomingCall, request: Omit<AnswerRequest, "call">): Promise<Joined> {
    const { client, signal } = request;
    const device = this.#usable(request.device ?? (await this.#choose(call, request)), call);
    const bring = (wanted: AbortSignal) => this.#bring(device, call, wanted);
    return joinedOf(await call.answer({ device, client, signal, bring }));
  }

  /** Throws ServiceError `wrong-state` for one that comes in no more, `no-such-call`, `forbidden`. */
  find({ call: name, client }: Pick<DeclineRequest, "call" | "client">): IncomingCall {
    const call = this.#options.calls.own({ call: name, client });
    if (call instanceof IncomingCall) return call;
    throw new ServiceError("wrong-state", ["this call does not come in, or no more"]);
  }

  /** The one device that is ready, or the user's choice. Throws ServiceError `cancelled`. */
  async #choose(call: IncomingCall, request: Omit<AnswerRequest, "call">): Promise<string> {
    const { devices, calls, prompts } = this.#options;
    const { client } = request;
    const isReady = (device: Device) =>
      device.readiness === "ready" && [undefined, call].includes(calls.of(device) as IncomingCall);
    const ready = devices.list().filter(isReady);
    const [first, ...others] = ready;
    if (!first) throw new ServiceError("wrong-state", ["no device is ready; see which there are"]);
    if (others.length === 0) return first.id;
    const signal = AbortSignal.any([request.signal, call.over]);
    const free = this.#options.views().filter(({ dev }) => ready.some(({ id }) => id === dev));
    return prompts.ask({ id: call.visitor.uri, client, signal, devices: free });
  }

  /** Throws ServiceError unless the device is known and free, or rings for this very call. */
  #usable(name: string, call: IncomingCall): Device {
    const { devices, calls } = this.#options;
    const device = devices.find(name);
    if (!device) throw new ServiceError("no-such-device", [name]);
    const holder = calls.of(device);
    if (holder && holder !== call) throw new ServiceError("device-busy", [name]);
    return device;
  }

  /** The device answers by itself: it is the user's own, and the user has just asked for it. */
  async #bring(device: Device, { codecs }: IncomingCall, signal: AbortSignal): Promise<DeviceLeg> {
    await this.#options.parking.take(device.id)?.hangUp();
    const end = await device.wake(signal);
    return end.connect({ codecs, signal });
  }
}
