/** The SIP service: every call of this user, and the one place where the API's commands become calls (paper §II, §IV). */

import type {
  AccountView,
  CallControl,
  CallView,
  ClientId,
  DeviceView,
  Joined,
  JoinRequest,
  Mode,
  Right,
  Switched,
  Topic,
} from "../api/call-control.ts";
import type { Codec, Device } from "../devices/device.ts";
import { answerPeer } from "../devices/peer.ts";
import type { DeviceRegistry } from "../devices/registry.ts";
import { asServiceError, ServiceError } from "../errors.ts";
import type { Caller } from "../sip/leg.ts";
import type { Sdp, SipUri } from "../sip/message.ts";
import type { Watch } from "../sip/trace.ts";
import type { Accounts } from "./accounts.ts";
import { Calls } from "./calls.ts";
import type { Choices } from "./choices.ts";
import { Prompts } from "./choose-device.ts";
import { deviceView } from "./device-view.ts";
import type { CallerIdentity } from "./far-end.ts";
import { identityFor } from "./identity.ts";
import { LoopCall } from "./loop-call.ts";
import { Parking } from "./parking.ts";
import { RememberedDevices } from "./remembered-devices.ts";
import type { Subscriber } from "./roster.ts";
import { type Emit, Topics } from "./topics.ts";
import { WebPhones } from "./web-phones.ts";

export interface SipServiceOptions {
  readonly caller: Caller;
  readonly subscriber: Subscriber;
  readonly devices: DeviceRegistry;
  readonly choices: Choices;
  /** Our own From, for calls under a name that a page's visitor chose. */
  readonly identity: { readonly uri: SipUri };
  /** Where the user is registered; nowhere when missing. */
  readonly accounts?: Accounts;
  /** Our address towards phones and far ends, a literal one. */
  readonly mediaHost: string;
  /** What a device is offered, best first; PCMU, PCMA when missing. */
  readonly codecs?: readonly Codec[];
  /** Something failed that no command waits for. */
  readonly onTrouble?: (what: string, cause: unknown) => void;
  /** Our SIP stack, for those who follow `trace`. */
  readonly watch?: Pick<Watch, "follow">;
  /** How browsers are answered; another one for tests. */
  readonly answerPeer?: typeof answerPeer;
}

/** More calls at once than anybody has devices. */
const MOST_CALLS = 32;
/** The same question again within this time is the same call (two scripts, a double click). */
const SAME_QUESTION_MS = 1000;

export class SipService implements CallControl {
  readonly #options: SipServiceOptions;
  readonly #calls = new Calls();
  readonly #topics: Topics;
  readonly #prompts: Prompts;
  readonly #remembered: RememberedDevices;
  readonly #parking = new Parking();
  readonly #webPhones: WebPhones;
  readonly #asked = new Map<string, { readonly call: LoopCall; readonly joined: Promise<Joined> }>();
  readonly #over = new AbortController();

  constructor(options: SipServiceOptions) {
    this.#options = options;
    this.#topics = new Topics(({ conf, client }) =>
      conf === undefined ? this.#calls.find(undefined, client)?.roster : this.#calls.rosterOf(conf),
    );
    this.#remembered = new RememberedDevices(options.choices, (cause) =>
      this.#trouble("the choice could not be written", cause),
    );
    this.#prompts = new Prompts(
      () => this.devices(),
      (prompt) => this.#topics.prompts.tell(prompt),
    );
    this.#webPhones = new WebPhones(options.devices, options.answerPeer ?? answerPeer);
    if (options.accounts) options.accounts.onChange = (account) => this.#topics.accounts.tell(account);
    options.devices.onChange = (device, present) => this.#deviceChanged(device, present);
  }

  async join(request: JoinRequest & { readonly device: string; readonly mode: Mode }): Promise<Joined> {
    const device = this.#usable(request.device, request.mode);
    const call = this.#open(request);
    return this.#connect(call, device, request);
  }

  async externalJoin(request: JoinRequest & { readonly mode: Mode }): Promise<Joined> {
    const question = `${request.origin ?? ""} ${request.target}`;
    const asked = this.#asked.get(question);
    if (asked && asked.call.state !== "ended") {
      this.#prompts.alsoAskedBy(request.client, { id: request.target, origin: request.origin });
      request.onAccepted(asked.call.id);
      return asked.joined;
    }
    const call = this.#open(request);
    const joined = this.#chooseAndConnect(call, request);
    this.#asked.set(question, { call, joined });
    setTimeout(() => this.#asked.delete(question), SAME_QUESTION_MS).unref();
    return joined;
  }

  async switchTo(
    request: JoinRequest & { readonly call?: string; readonly fallback: "external" | "error" | "redial" },
  ): Promise<Switched> {
    const call = this.#calls.find(request.call, request.client);
    if (!call?.movable) {
      if (request.fallback === "error") throw new ServiceError("no-active-call", []);
      // A question about the page before is no longer worth an answer.
      await call?.end(new ServiceError("superseded", []));
      return { ...(await this.externalJoin({ ...request, mode: "auto" })), gapMs: 0 };
    }
    request.onAccepted(call.id);
    this.#calls.use(call);
    // `muted` is how a first call begins; one that is moved stays as the user has it.
    const { target, display } = request;
    const from = this.#from(request, call.from);
    const gapMs = await call.switchTo({ target, from, display }, this.#signal(request));
    return { ...joinedOf(call), gapMs };
  }

  async useDevice(request: { device: string; call?: string; client: ClientId }): Promise<void> {
    const call = this.#active(request);
    const current = call.device;
    const named = this.#options.devices.find(request.device);
    if (named && named === current) return;
    const device = this.#usable(request.device, "loop");
    await call.useDevice(device, this.#over.signal);
  }

  async leave(request: { call?: string; all: boolean; hangup: boolean; client: ClientId }): Promise<void> {
    const named = request.all ? this.#calls.all : [this.#calls.find(request.call, request.client)];
    await Promise.all(named.map((call) => call && this.#leave(call, request.hangup)));
  }

  async mute(request: { call?: string; muted: boolean; client: ClientId }): Promise<void> {
    await this.#active(request).setMuted(request.muted);
  }

  answer = notYet("take calls that come in");
  decline = notYet("take calls that come in");
  hold = notYet("hold calls");
  dtmf = notYet("play digits");
  lock = notYet("lock conferences");
  muteUser = notYet("mute others");
  invite = notYet("invite others");
  remove = notYet("expel others");
  tunnel = notYet("open tunnels");
  testDevice = notYet("try out devices");

  clientCame(_client: ClientId, _rights: readonly Right[]): void {}

  choose(request: Parameters<CallControl["choose"]>[0]): void {
    const { id: _target, origin } = this.#prompts.find(request.prompt);
    const device = request.cancel ? undefined : request.device;
    if (device !== undefined) this.#usable(device, "auto");
    this.#prompts.answer(request.prompt, device);
    if (device === undefined || request.remember === "no") return;
    this.#remembered.remember(device, request.remember === "origin" ? origin : undefined);
  }

  devices(): DeviceView[] {
    return this.#options.devices.list().map((device) => this.#deviceView(device));
  }

  calls(): CallView[] {
    return this.#calls.all.map(({ view }) => view);
  }

  accounts(): readonly AccountView[] {
    return this.#options.accounts?.views ?? [];
  }

  webPhone(request: Parameters<CallControl["webPhone"]>[0]): void {
    this.#webPhones.attach(request);
  }

  async webOffer(request: Parameters<CallControl["webOffer"]>[0]): Promise<Sdp | undefined> {
    return this.#webPhones.offer(request);
  }

  clientGone(client: ClientId): void {
    this.#prompts.clientGone(client);
    this.#webPhones.clientGone(client);
  }

  subscribe(topic: Topic, about: Parameters<CallControl["subscribe"]>[1], emit: Emit): () => void {
    switch (topic) {
      case "calls":
        return this.#topics.calls.add(emit, this.calls());
      case "accounts":
        return this.#topics.accounts.add(emit, this.accounts());
      case "devices":
        return this.#topics.devices.add(emit, this.devices());
      case "prompts":
        return this.#topics.prompts.add(emit, this.#prompts.open);
      case "trace":
        return (
          this.#options.watch?.follow((message) => emit({ name: "Trace", message })) ?? (() => undefined)
        );
      default:
        return this.#topics.addRoster(topic, { conf: about.id, client: about.client }, emit);
    }
  }

  /** Hangs up everything; resolves when every peer has heard it or is given up. */
  async close(): Promise<void> {
    const goodbye = new ServiceError("shutting-down", []);
    this.#over.abort(goodbye);
    this.#prompts.close();
    await Promise.all(this.#calls.all.map((call) => call.end(goodbye)));
    await this.#parking.close();
    await this.#options.devices.close();
  }

  /** Calls and their media in numbers, for a diagnosis. */
  dump(): Record<string, unknown>[] {
    return this.#calls.all.map((call) => call.dump());
  }

  #open(request: JoinRequest): LoopCall {
    if (this.#over.signal.aborted) throw new ServiceError("shutting-down", []);
    if (this.#calls.size >= MOST_CALLS)
      throw new ServiceError("limit-exceeded", [`${MOST_CALLS} calls at once`]);
    const { caller, subscriber, mediaHost, codecs } = this.#options;
    const { client, target, display, muted = false } = request;
    const call = new LoopCall(
      { id: this.#calls.nextId(), client, target, display, muted },
      {
        caller,
        subscriber,
        mediaHost,
        codecs,
        onChange: (changed) => this.#callChanged(changed),
        onRoster: () => this.#topics.rostersChanged(),
        onTrouble: (what, cause) => this.#trouble(what, cause),
      },
    );
    this.#calls.use(call);
    request.onAccepted(call.id);
    return call;
  }

  async #chooseAndConnect(call: LoopCall, request: JoinRequest & { readonly mode: Mode }): Promise<Joined> {
    let chosen: string | undefined;
    try {
      this.#callChanged(call);
      chosen = this.#remembered.deviceFor(request.origin, this.devices()) ?? (await this.#ask(request, call));
      return await this.#connect(call, this.#usable(chosen, request.mode), request);
    } catch (failed) {
      if (chosen !== undefined) this.#remembered.failed(chosen, request.origin, failed);
      if (call.state === "choosing") await call.end(asServiceError(failed));
      throw failed;
    }
  }

  async #connect(call: LoopCall, device: Device, request: JoinRequest): Promise<Joined> {
    const to = { target: request.target, from: this.#from(request) };
    await call.join(device, to, this.#signal(request), this.#parking.take(device.id));
    return joinedOf(call);
  }

  #ask(request: JoinRequest, call: LoopCall): Promise<string> {
    const { target, origin, client } = request;
    const signal = AbortSignal.any([this.#signal(request), call.over]);
    return this.#prompts.ask({ id: target, origin, client, signal });
  }

  /** Throws ServiceError unless the device is known, free, and can do what is asked. */
  #usable(name: string, mode: Mode): Device {
    const device = this.#options.devices.find(name);
    if (!device) throw new ServiceError("no-such-device", [name]);
    if (mode === "transfer") throw new ServiceError("device-unsupported", [name, "take a call by transfer"]);
    if (this.#calls.of(device)) throw new ServiceError("device-busy", [name]);
    return device;
  }

  #from(request: JoinRequest, current?: CallerIdentity): CallerIdentity {
    const account = this.#options.accounts?.identityFor(request.target);
    const own = account?.uri ?? this.#options.identity.uri;
    return identityFor(request, own, current) ?? account;
  }

  #signal(request: JoinRequest): AbortSignal {
    return AbortSignal.any([request.signal, this.#over.signal]);
  }

  async #leave(call: LoopCall, hangup: boolean): Promise<void> {
    if (hangup) return call.end();
    const parked = await call.park();
    if (parked) this.#parking.park(parked);
  }

  #active({ call: name, client }: { readonly call?: string; readonly client: ClientId }): LoopCall {
    const call = this.#calls.find(name, client);
    if (!call) throw new ServiceError("no-active-call", []);
    return call;
  }

  #callChanged(call: LoopCall): void {
    if (call.state === "ended") this.#calls.forget(call);
    this.#topics.calls.tell(call.view);
    if (call.state === "ended") this.#topics.calls.forget(call.id);
    for (const device of this.#options.devices.list()) this.#topics.devices.tell(this.#deviceView(device));
    this.#topics.rostersChanged();
  }

  #deviceChanged(device: Device, present: boolean): void {
    const view = this.#deviceView(device);
    this.#topics.devices.tell(present ? view : { ...view, state: "offline" });
  }

  #deviceView(device: Device): DeviceView {
    return deviceView(device, this.#calls.of(device), this.#options.devices.defaultId);
  }

  #trouble(what: string, cause: unknown): void {
    this.#options.onTrouble?.(what, cause);
  }
}

function joinedOf(call: LoopCall): Joined {
  const conf = call.conference;
  return { call: call.id, ...(conf !== undefined && { conf }) };
}

function notYet(what: string): () => Promise<never> {
  return async () => {
    throw new ServiceError("wrong-state", [`this version cannot ${what}`]);
  };
}
