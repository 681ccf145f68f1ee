/** Somebody in a real conference: calls it, says a tone, hears what comes, and sends to wherever the conference says. */
import { makeAnswer } from "#sdp/offer-answer.ts";
import type { Leg } from "#sip/leg.ts";
import type { Sdp, SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import type { Subscription } from "#sip/subscribe.ts";
import type { UserAgent } from "#sip/user-agent.ts";
import { parseXml } from "#xml/strict.ts";
import { RtpParty } from "./rtp-party.ts";
import { until } from "./until.ts";

interface Voice {
  readonly hz?: number | undefined;
  /** Sends nothing. */
  readonly listens?: boolean;
}

export class Talker {
  readonly name: string;
  readonly uri: SipUri;
  readonly rtp: RtpParty;
  /** Why calls were ended by the conference. */
  readonly hungUp: string[] = [];
  /** The roster documents that came. */
  readonly rosters: string[] = [];
  readonly #agent: UserAgent;
  readonly #listens: boolean;
  #leg: Leg | undefined;

  private constructor(
    name: string,
    agent: UserAgent,
    media: { readonly rtp: RtpParty; readonly listens: boolean },
  ) {
    this.name = name;
    this.uri = `sip:${name}@example.com`;
    this.#agent = agent;
    this.rtp = media.rtp;
    this.#listens = media.listens;
  }

  /** Several may share one user agent; without a tone they send silence, or nothing at all. */
  static async open(name: string, agent: UserAgent, how: Voice = {}): Promise<Talker> {
    const { hz, listens = false } = how;
    return new Talker(name, agent, {
      listens,
      rtp: await RtpParty.open({ ...(hz !== undefined && { hz }) }),
    });
  }

  get leg(): Leg {
    if (!this.#leg) throw new Error(`${this.name} is in no call`);
    return this.#leg;
  }

  /** Where the conference is to be found, by its last Contact. */
  get conference(): SipUri {
    return this.leg.remoteContact.uri as SipUri;
  }

  async join(conference: SipUri): Promise<Leg> {
    const { leg, answer } = await this.#agent.invite(conference, {
      offer: this.rtp.offer(),
      from: { uri: this.uri },
      handlers: {
        onOffer: (offer) => this.#follow(offer),
        onEnded: (reason) => {
          this.hungUp.push(reason);
          this.rtp.stop();
        },
      },
    });
    this.#leg = leg;
    this.#send(answer);
    return leg;
  }

  /** Collects the rosters of a conference; resolves with the first. */
  async watch(conference: SipUri): Promise<Subscription> {
    const subscription = this.#agent.subscribe(conference, {
      event: "conference",
      accept: "application/conference-info+xml",
      from: { uri: this.uri },
      onNotify: ({ content }) => this.rosters.push(content),
      onEnded: () => undefined,
    });
    await until(() => this.rosters.length > 0, `the roster for ${this.name}`);
    return subscription;
  }

  async leave(): Promise<void> {
    await this.#leg?.bye();
    this.rtp.close();
  }

  #follow(offer: Sdp): Sdp {
    const local = {
      address: this.rtp.address,
      port: this.rtp.port,
      codecs: ["PCMU"],
      telephoneEvent: true,
    } as const;
    const answer = makeAnswer(offer, local);
    if (answer === undefined) throw new SipError(488, "Not Acceptable Here");
    this.#send(offer);
    return answer;
  }

  #send(to: Sdp): void {
    if (!this.#listens) this.rtp.talkTo(to);
  }
}

/** What a document says of each user: `sip:bob@example.com deleted`. */
export function usersIn(document: string): string[] {
  const users = parseXml(document).children.find(({ name }) => name === "users")?.children ?? [];
  return users.map(({ attributes }) => `${attributes["entity"]} ${attributes["state"] ?? "full"}`);
}

/** All of a conference hear all the others from now on, within so many milliseconds. */
export function hearEachOther(talkers: readonly Talker[], withinMs?: number): Promise<unknown> {
  const others = (self: Talker) => talkers.filter((talker) => talker !== self).map(({ rtp }) => rtp.hz ?? 0);
  return Promise.all(talkers.flatMap((talker) => others(talker).map((hz) => talker.rtp.hears(hz, withinMs))));
}
