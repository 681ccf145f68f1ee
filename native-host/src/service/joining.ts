/** Join and ExternalJoin: a new call, its device named or chosen by the user (paper §IV). */

import type { CallControl, Mode } from "../api/call-control.ts";
import type { Joined, JoinRequest } from "../api/requests.ts";
import type { Codec, Device } from "../devices/device.ts";
import type { NumberPlan } from "../devices/number-plan.ts";
import type { DeviceRegistry } from "../devices/registry.ts";
import { asServiceError, ServiceError } from "../errors.ts";
import { withoutSecrets } from "../secrets.ts";
import type { Caller } from "../sip/leg.ts";
import type { SipUri } from "../sip/message.ts";
import type { Accounts } from "./accounts.ts";
import type { Call, CallSurroundings } from "./call.ts";
import type { Calls } from "./calls.ts";
import type { Choices } from "./choices.ts";
import type { Prompts } from "./choose-device.ts";
import { Consent } from "./consent.ts";
import type { CallerIdentity, Destination } from "./far-end.ts";
import { identityFor } from "./identity.ts";
import { LoopCall } from "./loop-call.ts";
import type { Parking } from "./parking.ts";
import { RememberedDevices } from "./remembered-devices.ts";
import type { Subscriber } from "./roster.ts";
import { TransferCall } from "./transfer-call.ts";

/** What calls are made of. */
export interface Lines {
  readonly caller: Caller;
  readonly subscriber: Subscriber;
  readonly devices: DeviceRegistry;
  /** Our own From, for calls under a name that a page's visitor chose. */
  readonly identity: { readonly uri: SipUri };
  /** Where the user is registered; nowhere when missing. */
  readonly accounts?: Accounts;
  /** Our address towards phones and far ends, a literal one. */
  readonly mediaHost: string;
  /** What a device is offered, best first; PCMU, PCMA when missing. */
  readonly codecs?: readonly Codec[];
  /** How telephone numbers are called; without it they are not. */
  readonly numberPlan?: NumberPlan | undefined;
}

export interface JoiningOptions {
  readonly lines: Lines;
  readonly calls: Calls;
  readonly prompts: Prompts;
  readonly choices: Choices;
  readonly parking: Parking;
  readonly devices: CallControl["devices"];
  /** Aborted when the service ends. */
  readonly over: AbortSignal;
  readonly onChange: (call: Call) => void;
  readonly onRoster: () => void;
  readonly onTrouble: (what: string, cause: unknown) => void;
}

type ModalRequest = JoinRequest & {
  readonly mode: Mode;
  /** Who is to be called into the conference that is opened. */
  readonly guests?: Destination["guests"];
  /** Whom the user is asked about, also where a device is remembered. */
  readonly ask?: SipUri;
};

/** More calls at once than anybody has devices. */
const MOST_CALLS = 32;
/** The same question again within this time is the same call (two scripts, a double click). */
const SAME_QUESTION_MS = 1000;

export class Joining {
  /** What the user is asked before anybody is called. */
  readonly consent: Consent;
  readonly #options: JoiningOptions;
  readonly #remembered: RememberedDevices;
  readonly #asked = new Map<string, { readonly id: string; readonly joined: Promise<Joined> }>();

  constructor(options: JoiningOptions) {
    this.#options = options;
    const { lines, devices, onTrouble } = options;
    this.consent = new Consent({ ...lines, ...options, devices: lines.devices, views: devices });
    this.#remembered = new RememberedDevices(options.choices, (cause) =>
      onTrouble("the choice could not be written", cause),
    );
  }

  /** The device is named. */
  async join(wanted: ModalRequest & { readonly device: string }): Promise<Joined> {
    const request = await this.consent.join(wanted);
    const device = this.usable(request.device, request.mode);
    const call = this.#open(request);
    return this.#connect(call, device, request);
  }

  /** The device is remembered, or asked for. */
  async externalJoin(wanted: ModalRequest): Promise<Joined> {
    const request = this.consent.ask(wanted);
    const question = `${request.origin ?? ""} ${request.target}`;
    const asked = this.#asked.get(question);
    if (asked && this.#options.calls.get(asked.id)) {
      this.#options.prompts.alsoAskedBy(request.client, {
        id: request.ask ?? request.target,
        origin: request.origin,
      });
      request.onAccepted(asked.id);
      return asked.joined;
    }
    const call = this.#open(request);
    const joined = this.#chooseAndConnect(call, request);
    this.#asked.set(question, { id: call.id, joined });
    setTimeout(() => this.#asked.delete(question), SAME_QUESTION_MS).unref();
    return joined;
  }

  choose(request: Parameters<CallControl["choose"]>[0]): void {
    const { prompts } = this.#options;
    const { id: _target, origin } = prompts.find(request.prompt);
    const device = request.cancel ? undefined : request.device;
    const isYes = device !== undefined && prompts.isYes(request.prompt, device);
    if (device !== undefined && !isYes) this.usable(device, "auto");
    prompts.answer(request.prompt, device);
    if (device === undefined || isYes || request.remember === "no") return;
    this.#remembered.remember(device, request.remember === "origin" ? origin : undefined);
  }

  /** Throws ServiceError unless the device is known, free, and can do what is asked. */
  usable(name: string, mode: Mode): Device {
    const device = this.#options.lines.devices.find(name);
    if (!device) throw new ServiceError("no-such-device", [name]);
    modeWith(device, mode);
    if (this.#options.calls.of(device)) throw new ServiceError("device-busy", [name]);
    return device;
  }

  /** Whether a command means this device by that name. */
  isNamed(device: Device, name: string): boolean {
    return this.#options.lines.devices.find(name) === device;
  }

  /** As whom a far end is called: `current` is the From of the call that is moved. */
  from(request: JoinRequest, current?: CallerIdentity): CallerIdentity {
    const { accounts, identity } = this.#options.lines;
    const account = accounts?.identityFor(request.target);
    return identityFor(request, account?.uri ?? identity.uri, current) ?? account;
  }

  /** What a call is given to live on. */
  get surroundings(): CallSurroundings {
    const { lines, onChange, onRoster, onTrouble } = this.#options;
    const { caller, subscriber, mediaHost, codecs } = lines;
    return { caller, subscriber, mediaHost, codecs, onChange, onRoster, onTrouble };
  }

  /** Whether there may be one more call. */
  get hasRoom(): boolean {
    return this.#options.calls.size < MOST_CALLS;
  }

  /** Throws ServiceError when there may be no more calls. */
  checkRoom(): void {
    const { over } = this.#options;
    if (over.aborted) throw new ServiceError("shutting-down", []);
    if (!this.hasRoom) throw new ServiceError("limit-exceeded", [`${MOST_CALLS} calls at once`]);
  }

  #open(request: JoinRequest): LoopCall {
    this.checkRoom();
    const { calls } = this.#options;
    const { client, target, display, muted = false } = request;
    const call = new LoopCall({ id: calls.nextId(), client, target, display, muted }, this.surroundings);
    calls.use(call);
    request.onAccepted(call.id);
    return call;
  }

  async #chooseAndConnect(call: LoopCall, request: ModalRequest): Promise<Joined> {
    const { devices } = this.#options;
    let chosen: string | undefined;
    try {
      this.#options.onChange(call);
      const known = request.ask ? undefined : this.#remembered.deviceFor(request.origin, devices());
      chosen = known ?? (await this.#ask(request, call));
      return await this.#connect(call, this.usable(chosen, request.mode), request);
    } catch (failed) {
      if (chosen !== undefined) this.#remembered.failed(chosen, request.origin, failed);
      if (this.#options.calls.get(call.id) === call && call.state === "choosing")
        await call.end(asServiceError(failed));
      throw failed;
    }
  }

  async #connect(call: LoopCall, device: Device, request: ModalRequest): Promise<Joined> {
    const to = { target: request.target, from: this.from(request), guests: request.guests };
    // Nobody may take the device in between: nothing is awaited before the call has it.
    for (const handed of this.#handedTo(device)) void handed.end();
    if (modeWith(device, request.mode) === "transfer") return this.#hand(call, device, to, request);
    await call.join(device, to, this.#signal(request), this.#options.parking.take(device.id));
    return joinedOf(call);
  }

  /** The call goes on under its name, but in the hands of its device. */
  async #hand(call: LoopCall, device: Device, to: Destination, request: JoinRequest): Promise<Joined> {
    const { id, client } = call;
    const { target, display } = request;
    const handed = new TransferCall({ id, client, target, display }, this.surroundings);
    this.#options.calls.use(handed);
    const lineFree = this.#options.parking.take(device.id)?.hangUp();
    await handed.join(device, to, { signal: this.#signal(request), lineFree });
    return joinedOf(handed);
  }

  /** A call that the device was handed, and of which it tells nothing, makes room for one that it is asked for. */
  #handedTo(device: Device): readonly Call[] {
    return this.#options.calls.all.filter((call) => call.outOfReach && call.device === device);
  }

  #ask(request: ModalRequest, call: Call): Promise<string> {
    const { target, origin, client, ask } = request;
    const signal = AbortSignal.any([this.#signal(request), call.over]);
    return this.#options.prompts.ask({ id: ask ?? target, origin, client, signal });
  }

  #signal(request: JoinRequest): AbortSignal {
    return AbortSignal.any([request.signal, this.#options.over]);
  }
}

/** How a call with this device is held. Throws ServiceError `device-unsupported`. */
function modeWith(device: Device, wanted: Mode): "loop" | "transfer" {
  const { id, caps, dial } = device;
  const loops = caps.includes("loop");
  if (wanted !== "transfer" && loops) return "loop";
  if (wanted !== "loop" && dial) return "transfer";
  const missing = wanted === "loop" ? "stay with the service in a call" : "take a call by transfer";
  throw new ServiceError("device-unsupported", [id, missing]);
}

export function joinedOf(call: Call): Joined {
  const conf = call.conference;
  return { call: call.id, ...(conf !== undefined && { conf: withoutSecrets(conf) }) };
}
