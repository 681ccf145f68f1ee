/** Answer and Decline: a call that comes in is put through to a device, named or chosen by the user. */

import type { CallControl } from "../api/call-control.ts";
import type { Joined } from "../api/requests.ts";
import type { Device, DeviceLeg } from "../devices/device.ts";
import type { DeviceRegistry } from "../devices/registry.ts";
import { ServiceError } from "../errors.ts";
import type { Call } from "./call.ts";
import { canWait, takeLine } from "./call-waiting.ts";
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

  /** The one device that is ready, else that of the user's calls, which then wait; or the user's choice. Throws ServiceError `cancelled`. */
  async #choose(call: IncomingCall, request: Omit<AnswerRequest, "call">): Promise<string> {
    const { devices, prompts, views } = this.#options;
    const ready = devices.list().filter(({ readiness }) => readiness === "ready");
    const free = ready.filter((device) => this.#others(device, call).length === 0);
    const waiting = ready.filter((device) => this.#others(device, call).every(canWait));
    const choice = free.length > 0 ? free : waiting;
    const [first, ...more] = choice;
    if (!first) throw new ServiceError("wrong-state", ["no device is ready; see which there are"]);
    if (more.length === 0) return first.id;
    return prompts.ask({
      id: call.visitor.uri,
      client: request.client,
      signal: AbortSignal.any([request.signal, call.over]),
      devices: views().filter(({ dev }) => choice.some(({ id }) => id === dev)),
    });
  }

  /** The calls that device is in, beside this one. */
  #others(device: Device, call: IncomingCall): readonly Call[] {
    return this.#options.calls.all.filter((other) => other !== call && other.holds(device));
  }

  /** Throws ServiceError unless the device is known, and free or in calls that can wait. */
  #usable(name: string, call: IncomingCall): Device {
    const device = this.#options.devices.find(name);
    if (!device) throw new ServiceError("no-such-device", [name]);
    if (!this.#others(device, call).every(canWait)) throw new ServiceError("device-busy", [name]);
    return device;
  }

  /** The device answers by itself: it is the user's own, and the user has just asked for it. */
  async #bring(device: Device, call: IncomingCall, signal: AbortSignal): Promise<DeviceLeg> {
    const { codecs } = call;
    const connect = async () => (await device.wake(signal)).connect({ codecs, signal });
    const waiting = this.#others(device, call).filter(canWait);
    if (waiting.length > 0) return takeLine(waiting, { who: call.visitor.uri, codecs, connect });
    // The call holds the device since it is being answered: nobody takes it meanwhile.
    await this.#options.parking.take(device.id)?.hangUp();
    return connect();
  }
}
