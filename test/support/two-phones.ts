/** A desk phone in a call with comedies through the service, a kitchen phone beside it, with sockets, SIP and RTP as they are. */
import type { Leg } from "#sip/leg.ts";
import type { Sdp, SipRequest, SipUri } from "#sip/message.ts";
import { bracketed } from "#sip/uri.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { DeviceRegistry } from "../../native-host/src/devices/registry.ts";
import { sipPhone } from "../../native-host/src/devices/sip-phone.ts";
import { Choices } from "../../native-host/src/service/choices.ts";
import { SipService } from "../../native-host/src/service/sip-service.ts";
import { mediaOf, RtpParty } from "./rtp-party.ts";
import { until } from "./until.ts";

const HOST = "127.0.0.1";

export interface TwoPhonesOptions {
  readonly host?: string;
  readonly anchored?: boolean;
  /** Whether the kitchen phone's media run through the service; as those of the desk phone when missing. */
  readonly kitchenAnchored?: boolean;
  /** Whom the desk phone is in a call with; comedies when missing. */
  readonly target?: SipUri;
  /** The number comedies gives telephone-event; it takes none when undefined is said. */
  readonly events?: number | undefined;
}

/** How the media of the desk phone and of the kitchen phone run. */
export const WAYS = [
  ["anchored", "anchored"],
  ["anchored", "direct"],
  ["direct", "anchored"],
  ["direct", "direct"],
] as const;

/** A phone whose numbers are its own, and the RTP port beside it. */
export class Phone {
  readonly agent: UserAgent;
  readonly rtp: RtpParty;
  /** What it heard last of the service's media. */
  described: Sdp = "";
  leg: Leg | undefined;
  /** Requests in its call that are not about the call itself; answered with `status`. */
  readonly requests: SipRequest[] = [];
  status = 200;
  readonly #events: number | undefined;

  private constructor(agent: UserAgent, rtp: RtpParty, events: number | undefined) {
    this.agent = agent;
    this.rtp = rtp;
    this.#events = events;
  }

  /** Takes calls with PCMU and telephone-event under `events`, whatever number it was offered under. */
  static async open(name: string, events: number | undefined, host: string): Promise<Phone> {
    const rtp = await RtpParty.open({ host });
    const agent = await UserAgent.open({
      host,
      port: 0,
      name,
      identity: {},
      onInvite: (invite) => {
        self.#hear(invite.offer ?? "");
        self.leg = invite.accept(self.description(), { handlers: self.#handlers() });
      },
    });
    const self = new Phone(agent, rtp, events);
    return self;
  }

  description(direction = "sendrecv"): Sdp {
    if (this.#events !== undefined) return this.rtp.offer(direction, this.#events);
    const own = this.rtp.offer(direction);
    return own.replace(/^(m=.*) 101/m, "$1").replace(/^a=\w+:101 .*\r\n/gm, "");
  }

  async close(): Promise<void> {
    await this.agent.close();
    this.rtp.close();
  }

  /** Whoever has a tone to send sends it where it is told to. */
  #hear(description: Sdp): void {
    this.described = description;
    if (this.rtp.hz !== undefined && description !== "") this.rtp.talkTo(mediaOf(description));
  }

  #handlers() {
    return {
      onOffer: (offer: Sdp) => {
        this.#hear(offer);
        return this.description();
      },
      onAnswer: (answer: Sdp) => this.#hear(answer),
      onEnded: () => this.rtp.stop(),
      onRequest: (request: SipRequest) => {
        this.requests.push(request);
        return { status: this.status };
      },
    };
  }
}

export class TwoPhones {
  readonly desk: Phone;
  readonly kitchen: Phone;
  readonly comedies: Phone;
  readonly service: SipService;
  readonly #caller: UserAgent;

  private constructor(
    phones: Record<"desk" | "kitchen" | "comedies", Phone>,
    service: SipService,
    caller: UserAgent,
  ) {
    this.desk = phones.desk;
    this.kitchen = phones.kitchen;
    this.comedies = phones.comedies;
    this.service = service;
    this.#caller = caller;
  }

  static async inCall(options: TwoPhonesOptions = {}): Promise<TwoPhones> {
    const { host = HOST, anchored = true, kitchenAnchored = anchored } = options;
    const desk = await Phone.open("desk", 96, host);
    const kitchen = await Phone.open("kitchen", 97, host);
    const comedies = await Phone.open("comedies", "events" in options ? options.events : 110, host);
    const caller = await UserAgent.open({ host, port: 0, name: "service", identity: {} });
    const at = (phone: Phone) => `${bracketed(host)}:${phone.agent.port}`;
    const device = (id: string, phone: Phone, isAnchored: boolean) =>
      sipPhone({
        id,
        name: `${id} phone`,
        uri: `sip:${id}@${at(phone)}`,
        anchored: isAnchored,
        caller,
        mediaHost: host,
      });
    const devices = [device("desk", desk, anchored), device("kitchen", kitchen, kitchenAnchored)];
    const service = new SipService({
      caller,
      subscriber: caller,
      devices: new DeviceRegistry(devices, { defaultId: "desk" }),
      choices: new Choices(),
      identity: { uri: `sip:alice@${HOST}` },
      mediaHost: host,
    });
    await service.join({
      target: options.target ?? `sip:comedies@${at(comedies)}`,
      client: "k1",
      signal: new AbortController().signal,
      onAccepted: () => undefined,
      device: "desk",
      mode: "auto",
    });
    return new TwoPhones({ desk, kitchen, comedies }, service, caller);
  }

  /** Alice talks at the desk with a tone of 400 Hz, and would with 600 Hz in the kitchen. */
  async talkAtDesk(): Promise<void> {
    const { desk, kitchen } = this;
    desk.rtp.hz = 400;
    kitchen.rtp.hz = 600;
    await until(() => desk.described !== "", "the desk phone has its answer");
    desk.rtp.talkTo(mediaOf(desk.described));
  }

  async close(): Promise<void> {
    await this.service.close();
    await Promise.all([this.desk.close(), this.kitchen.close(), this.comedies.close(), this.#caller.close()]);
  }
}
