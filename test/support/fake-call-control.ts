/** A SIP service for tests of the XML API: calls begin and end as the test says, every request is kept. */
import type {
  AccountView,
  CallControl,
  CallView,
  DeviceView,
  Right,
  ServiceEvent,
  Topic,
} from "../../native-host/src/api/call-control.ts";
import type {
  Invited,
  InviteRequest,
  Joined,
  JoinRequest,
  Switched,
  TunnelRequest,
} from "../../native-host/src/api/requests.ts";
import { ServiceError } from "../../native-host/src/errors.ts";

/** A softphone that is always there. */
export const SOFTPHONE: DeviceView = {
  dev: "soft",
  kind: "softphone",
  name: "Baresip on this computer",
  state: "ready",
  caps: ["loop", "mute"],
  default: true,
};

type Follower = { readonly topic: Topic; readonly emit: (event: ServiceEvent) => void };

export class FakeCallControl implements CallControl {
  /** What was asked, newest last: the method's name and its request. */
  readonly asked: { readonly method: string; readonly request: unknown }[] = [];
  readonly gone: string[] = [];
  readonly followers = new Set<Follower>();
  /** How a join, a switch or a prompt goes on; the test may replace it. */
  onJoin: (request: JoinRequest) => Promise<Joined> = async ({ target }) => ({ call: "c1", conf: target });
  gapMs = 18.4;
  accountViews: readonly AccountView[] = [];
  /** Questions nobody has answered: who follows prompts later hears them too. */
  readonly #questions: ServiceEvent[] = [];
  #calls = 0;
  #current: CallView | undefined;

  join(request: JoinRequest & { readonly device: string }): Promise<Joined> {
    return this.#begin("join", request, request.device);
  }

  externalJoin(request: JoinRequest): Promise<Joined> {
    return this.#begin("externalJoin", request, undefined);
  }

  async switchTo(request: JoinRequest & { readonly fallback: string }): Promise<Switched> {
    if (!this.#current && request.fallback === "error") throw new ServiceError("no-active-call", []);
    const joined = await this.#begin("switchTo", request, "soft");
    return { ...joined, gapMs: this.gapMs };
  }

  async useDevice(request: { readonly device: string }): Promise<void> {
    this.#note("useDevice", request);
    if (request.device !== "soft") throw new ServiceError("no-such-device", [request.device]);
  }

  async leave(request: object): Promise<void> {
    this.#note("leave", request);
    this.#current = undefined;
  }

  async mute(request: object): Promise<void> {
    this.#note("mute", request);
    if (!this.#current) throw new ServiceError("no-active-call", []);
  }

  readonly clients = new Map<string, readonly Right[]>();

  async answer(request: { readonly call: string }): Promise<Joined> {
    this.#note("answer", request);
    return { call: request.call };
  }

  async decline(request: object): Promise<void> {
    this.#note("decline", request);
  }

  async hold(request: object): Promise<void> {
    this.#note("hold", request);
  }

  async dtmf(request: object): Promise<void> {
    this.#note("dtmf", request);
  }

  async lock(request: object): Promise<void> {
    this.#note("lock", request);
  }

  async hand(request: object): Promise<void> {
    this.#note("hand", request);
  }

  async muteUser(request: object): Promise<void> {
    this.#note("muteUser", request);
  }

  async invite(request: InviteRequest): Promise<Invited> {
    this.#note("invite", request);
    return { call: "c1", invitees: request.invitees.map(({ id }) => ({ id, state: "joined" })) };
  }

  async remove(request: object): Promise<void> {
    this.#note("remove", request);
  }

  async tunnel(request: TunnelRequest): Promise<{ channel: string }> {
    this.#note("tunnel", request);
    const channel = request.channel ?? "t1";
    // A plug-in may speak at once.
    if (request.data) request.emit(channel, request.data);
    return { channel };
  }

  async testDevice(request: { readonly device: string }): Promise<string> {
    this.#note("testDevice", request);
    return `${request.device} works.`;
  }

  clientCame(client: string, rights: readonly Right[]): void {
    this.clients.set(client, rights);
  }

  choose(request: { readonly prompt: string }): void {
    this.#note("choose", request);
    this.#questions.length = 0;
    if (request.prompt !== "p1") throw new ServiceError("no-such-prompt", [request.prompt]);
  }

  async checkDevices(): Promise<void> {}

  devices(): readonly DeviceView[] {
    return [SOFTPHONE];
  }

  accounts(): readonly AccountView[] {
    return this.accountViews;
  }

  calls(): readonly CallView[] {
    return this.#current ? [this.#current] : [];
  }

  webPhone(request: { ring(session: string): void; hangup(session: string): void }): void {
    this.#note("webPhone", request);
    request.ring("w1");
  }

  async webOffer(request: { readonly sdp?: string }): Promise<string | undefined> {
    this.#note("webOffer", request);
    return request.sdp && `answer to ${request.sdp}`;
  }

  clientGone(client: string): void {
    this.gone.push(client);
  }

  subscribe(topic: Topic, _about: object, emit: (event: ServiceEvent) => void): () => void {
    const follower = { topic, emit };
    this.followers.add(follower);
    if (topic === "prompts") for (const question of this.#questions) emit(question);
    if (topic === "devices") emit({ name: "Device", device: SOFTPHONE });
    if (topic === "calls") for (const call of this.calls()) emit({ name: "Call", call });
    return () => this.followers.delete(follower);
  }

  /** Emits to everybody who follows the topic. */
  emit(topic: Topic, event: ServiceEvent): void {
    if (event.name === "Prompt") this.#questions.push(event);
    for (const follower of this.followers) if (follower.topic === topic) follower.emit(event);
  }

  async #begin(method: string, request: JoinRequest, dev: string | undefined): Promise<Joined> {
    this.#note(method, request);
    this.#calls += 1;
    const call = `c${this.#calls}`;
    request.onAccepted(call);
    this.#show(request, call, "dialing", dev);
    try {
      const joined = await this.onJoin(request);
      this.#current = this.#show(request, call, "active", dev);
      return { ...joined, call };
    } catch (thrown) {
      this.#show(request, call, "ended", dev);
      throw thrown;
    }
  }

  #show(request: JoinRequest, call: string, state: CallView["state"], dev: string | undefined): CallView {
    const view: CallView = {
      call,
      id: request.target,
      dir: "out",
      state,
      ...(dev !== undefined && { dev }),
      mode: "loop",
      focus: true,
      muted: request.muted ?? false,
      client: request.client,
    };
    this.emit("calls", { name: "Call", call: view });
    return view;
  }

  #note(method: string, request: unknown): void {
    this.asked.push({ method, request });
  }
}
