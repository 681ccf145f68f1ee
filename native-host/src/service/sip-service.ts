/** The SIP service: every call of this user, and the one place where the API's commands become calls (paper §II, §IV). */
import type {
  AccountView,
  CallControl,
  CallView,
  ClientId,
  DeviceView,
  Right,
  Topic,
} from "../api/call-control.ts";
import type { Invited, InviteRequest, Joined, Switched } from "../api/requests.ts";
import { answerPeer } from "../devices/peer.ts";
import { ServiceError } from "../errors.ts";
import type { IncomingRefer } from "../sip/incoming-refer.ts";
import type { IncomingInvite } from "../sip/leg.ts";
import type { Sdp, SipUri } from "../sip/message.ts";
import { Tunnels } from "../tunnel/tunnels.ts";
import type { Call } from "./call.ts";
import { Calls } from "./calls.ts";
import { Prompts } from "./choose-device.ts";
import { DeviceList } from "./device-list.ts";
import { InCall } from "./in-call.ts";
import { Incoming, OPEN_HOUSE } from "./incoming.ts";
import { Joining } from "./joining.ts";
import { Moderation } from "./moderation.ts";
import { MultiInvite } from "./multi-invite.ts";
import { Parking } from "./parking.ts";
import { Rights } from "./rights.ts";
import type { SipServiceOptions } from "./sip-service-options.ts";
import { takenAlong } from "./taken-along.ts";
import { type Emit, Topics } from "./topics.ts";
import { WebPhones } from "./web-phones.ts";

export class SipService implements CallControl {
  readonly #options: SipServiceOptions;
  readonly #rights = new Rights();
  readonly #calls = new Calls(this.#rights);
  readonly #topics: Topics;
  readonly #prompts: Prompts;
  readonly #parking = new Parking();
  readonly #webPhones: WebPhones;
  readonly #deviceList: DeviceList;
  readonly #joining: Joining;
  readonly #inCall: InCall;
  readonly #incoming: Incoming;
  readonly #multiInvite: MultiInvite;
  readonly #moderation = new Moderation(this.#calls);
  readonly #tunnels: Tunnels | undefined;
  readonly #over = new AbortController();

  constructor(options: SipServiceOptions) {
    this.#options = options;
    this.#topics = new Topics({
      calls: () => this.calls(),
      accounts: () => this.accounts(),
      devices: () => this.devices(),
      prompts: () => this.#prompts.open,
      rosterOf: ({ conf, client }) =>
        conf === undefined ? this.#calls.find(undefined, client)?.roster : this.#calls.rosterOf(conf),
    });
    this.#prompts = new Prompts(() => this.devices(), {
      show: (prompt) => this.#topics.prompts.tell(prompt),
      over: (prompt) => this.#topics.prompts.say({ name: "PromptOver", prompt }),
    });
    this.#deviceList = new DeviceList({
      ...options,
      calls: this.#calls,
      over: this.#over.signal,
      tell: (device) => this.#topics.devices.tell(device),
    });
    this.#joining = this.#openJoining(options);
    const shared = {
      calls: this.#calls,
      joining: this.#joining,
      parking: this.#parking,
      over: this.#over.signal,
    };
    this.#inCall = new InCall(shared);
    this.#incoming = new Incoming({
      ...shared,
      lines: options,
      prompts: this.#prompts,
      views: () => this.devices(),
      reception: options.reception ?? OPEN_HOUSE,
      onChange: (call) => this.#callChanged(call),
      onTrouble: (what, cause) => options.onTrouble?.(what, cause),
    });
    this.#multiInvite = new MultiInvite({
      ...shared,
      own: () => [options.identity.uri, ...this.accounts().map(({ id }) => id)],
      conferences: options.conferences,
    });
    this.#tunnels = options.tunnels && this.#openTunnels(options.tunnels);
    this.#webPhones = new WebPhones(options.devices, options.answerPeer ?? answerPeer);
    if (options.accounts) options.accounts.onChange = (account) => this.#topics.accounts.tell(account);
  }

  join(request: Parameters<CallControl["join"]>[0]): Promise<Joined> {
    return this.#joining.join(request);
  }

  externalJoin(request: Parameters<CallControl["externalJoin"]>[0]): Promise<Joined> {
    return this.#joining.externalJoin(request);
  }

  choose(request: Parameters<CallControl["choose"]>[0]): void {
    this.#joining.choose(request);
  }

  switchTo(request: Parameters<CallControl["switchTo"]>[0]): Promise<Switched> {
    return this.#inCall.switchTo(request);
  }

  useDevice(request: Parameters<CallControl["useDevice"]>[0]): Promise<void> {
    return this.#inCall.useDevice(request);
  }

  leave(request: Parameters<CallControl["leave"]>[0]): Promise<void> {
    return this.#inCall.leave(request);
  }

  mute(request: Parameters<CallControl["mute"]>[0]): Promise<void> {
    return this.#inCall.mute(request);
  }

  answer(request: Parameters<CallControl["answer"]>[0]): Promise<Joined> {
    return this.#incoming.answer(request);
  }

  decline(request: Parameters<CallControl["decline"]>[0]): Promise<void> {
    return this.#incoming.decline(request);
  }

  hold(request: Parameters<CallControl["hold"]>[0]): Promise<void> {
    return this.#inCall.hold(request);
  }

  dtmf(request: Parameters<CallControl["dtmf"]>[0]): Promise<void> {
    return this.#inCall.dtmf(request);
  }

  lock(request: Parameters<CallControl["lock"]>[0]): Promise<void> {
    return this.#moderation.lock(request);
  }

  muteUser(request: Parameters<CallControl["muteUser"]>[0]): Promise<void> {
    return this.#moderation.muteUser(request);
  }

  hand(request: Parameters<CallControl["hand"]>[0]): Promise<void> {
    return this.#moderation.hand(request);
  }

  async invite(request: InviteRequest): Promise<Invited> {
    return this.#multiInvite.invite(await this.#joining.consent.invite(request));
  }

  remove(request: Parameters<CallControl["remove"]>[0]): Promise<void> {
    return this.#moderation.remove(request);
  }

  async tunnel(request: Parameters<CallControl["tunnel"]>[0]): Promise<{ readonly channel: string }> {
    if (!this.#tunnels) throw new ServiceError("tunnel-denied", []);
    return this.#tunnels.tunnel(request);
  }

  testDevice(request: Parameters<CallControl["testDevice"]>[0]): Promise<string> {
    return this.#deviceList.test(request);
  }

  async checkDevices(): Promise<void> {
    await this.#options.devices.check();
  }

  /** Somebody calls; the INVITE is answered in the end. */
  receive(invite: IncomingInvite): void {
    this.#incoming.receive(invite);
  }

  /** Somebody wants us to call somebody else. */
  referred(refer: IncomingRefer): void {
    void takenAlong(refer, this.#calls, this.#over.signal);
  }

  /** What an INVITE to this address would get now, for OPTIONS to say the same (RFC 3261 §11.2). */
  inviteStatus(target: SipUri): number {
    return this.#incoming.statusFor(target);
  }

  clientCame(client: ClientId, rights: readonly Right[]): void {
    this.#rights.came(client, rights);
  }

  /** How many show the question for a device to the user. */
  get promptScreens(): number {
    return this.#topics.prompts.size;
  }

  devices(): DeviceView[] {
    return this.#deviceList.views;
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
    this.#rights.gone(client);
    this.#tunnels?.clientGone(client);
  }

  subscribe(topic: Topic, about: Parameters<CallControl["subscribe"]>[1], emit: Emit): () => void {
    const wish = { conf: about.id, client: about.client };
    if (topic !== "trace") return this.#topics.subscribe(topic, wish, emit);
    return this.#options.watch?.follow((message) => emit({ name: "Trace", message })) ?? (() => undefined);
  }

  /** Hangs up everything; resolves when every peer has heard it or is given up. */
  async close(): Promise<void> {
    const goodbye = new ServiceError("shutting-down", []);
    this.#over.abort(goodbye);
    this.#prompts.close();
    this.#tunnels?.close();
    await Promise.all(this.#calls.all.map((call) => call.end(goodbye)));
    this.#incoming.close();
    await this.#parking.close();
    await this.#options.devices.close();
  }

  /** Calls and their media in numbers, for a diagnosis. */
  dump(): Record<string, unknown>[] {
    return this.#calls.all.map((call) => call.dump());
  }

  #openTunnels({ plugins, agent }: NonNullable<SipServiceOptions["tunnels"]>): Tunnels {
    return new Tunnels({
      plugins,
      agent,
      mayTunnel: (client) => this.#rights.has(client, "tunnel"),
      call: (name, client) => this.#calls.active({ call: name, client }),
      known: () => [...this.accounts(), ...this.calls(), { id: this.#options.identity.uri }],
    });
  }

  #openJoining(options: SipServiceOptions): Joining {
    return new Joining({
      lines: options,
      choices: options.choices,
      calls: this.#calls,
      prompts: this.#prompts,
      parking: this.#parking,
      devices: () => this.devices(),
      over: this.#over.signal,
      onChange: (call) => this.#callChanged(call),
      onRoster: () => {
        this.#topics.rostersChanged();
        this.#multiInvite.rostersChanged();
      },
      onTrouble: (what, cause) => options.onTrouble?.(what, cause),
    });
  }

  #callChanged(call: Call): void {
    if (call.state === "ended") this.#calls.forget(call);
    this.#topics.calls.tell(call.view);
    if (call.state === "ended") this.#topics.calls.forget(call.id);
    this.#deviceList.tellAll();
    this.#topics.rostersChanged();
  }
}
