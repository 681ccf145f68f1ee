/** Two people in one conference, each with a tone and no service: what they hear, and what the roster says. */

import { makeAnswer } from "#sdp/offer-answer.ts";
import type { Leg } from "#sip/leg.ts";
import type { Sdp, SipUri } from "#sip/message.ts";
import { parseUri } from "#sip/uri.ts";
import type { UserAgent } from "#sip/user-agent.ts";
import { RtpParty } from "./rtp-party.ts";

const TONES = [400, 900] as const;
/** Pairs that talk at a time: so many that a test's one process neither misses a frame nor sends one late. */
const AT_ONCE = 10;

/** One of the two: his phone, and where the conference takes his media. */
interface One {
  readonly rtp: RtpParty;
  readonly leg: Leg;
  readonly ended: Promise<unknown>;
  media: Sdp;
}

export class Pair {
  readonly name: string;
  readonly #room: SipUri;
  readonly #agent: UserAgent;
  readonly #phones: readonly RtpParty[];
  #both: readonly One[] = [];
  #talk = false;
  /** How often either was told of another place for his media. */
  newPlaces = 0;

  private constructor(room: SipUri, agent: UserAgent, phones: readonly RtpParty[]) {
    this.name = parseUri(room)?.user ?? "";
    this.#room = room;
    this.#agent = agent;
    this.#phones = phones;
  }

  /** `agent` is that of both, and may be of many pairs. */
  static async open(room: SipUri, agent: UserAgent): Promise<Pair> {
    return new Pair(room, agent, await Promise.all(TONES.map((hz) => RtpParty.open({ hz }))));
  }

  /** Both call the conference at once. */
  async join(): Promise<void> {
    this.#both = await Promise.all(this.#phones.map((rtp, at) => this.#call(rtp, at)));
  }

  get legs(): Leg[] {
    return this.#both.map(({ leg }) => leg);
  }

  /** The address of the server of each. */
  get servers(): (string | undefined)[] {
    return this.legs.map((leg) => parseUri(leg.remoteContact.uri)?.host);
  }

  /** Each talks until the other has heard it. */
  async hearEachOther(): Promise<void> {
    this.#talk = true;
    for (const { rtp, media } of this.#both) rtp.talkTo(media);
    await Promise.all(this.#phones.map((rtp, at) => rtp.hears(TONES[1 - at] ?? 0)));
    this.stop();
  }

  /** Resolves when both have been hung up on. */
  async areHungUp(): Promise<void> {
    await Promise.all(this.#both.map(({ ended }) => ended));
  }

  /** They say nothing more. */
  stop(): void {
    this.#talk = false;
    for (const rtp of this.#phones) rtp.stop();
  }

  /** Who is in the roster that the first of them gets. */
  async roster(): Promise<string[]> {
    const full = Promise.withResolvers<string>();
    const subscription = this.#agent.subscribe(this.#room, {
      event: "conference",
      accept: "application/conference-info+xml",
      from: { uri: this.person(0) },
      onNotify: ({ content }) => full.resolve(content),
      onEnded: (reason) => full.reject(new Error(`the subscription ended: ${reason}`)),
    });
    const users = [...(await full.promise).matchAll(/<user entity="([^"]*)"/g)].map(([, uri = ""]) => uri);
    await subscription.end();
    return users.sort();
  }

  /** How the roster calls one of them. */
  person(at: number): SipUri {
    return `sip:${this.name}.${at}@elsewhere.test`;
  }

  async leave(): Promise<void> {
    await Promise.all(this.legs.map((leg) => leg.bye()));
    for (const rtp of this.#phones) rtp.close();
  }

  async #call(rtp: RtpParty, at: number): Promise<One> {
    const from = { uri: this.person(at) };
    const { leg, answer } = await this.#agent.invite(this.#room, { offer: rtp.offer(), from });
    const ended = Promise.withResolvers<unknown>();
    const one: One = { rtp, leg, ended: ended.promise, media: answer };
    leg.handlers = {
      onEnded: ended.resolve,
      onOffer: (offer) => {
        one.media = offer;
        this.newPlaces += 1;
        if (this.#talk) rtp.talkTo(offer);
        const { address, port } = rtp;
        return makeAnswer(offer, { address, port, codecs: ["PCMU"], telephoneEvent: true }) ?? "";
      },
    };
    return one;
  }
}

/** All of them, some at a time; one that does not hear each other is named. */
export async function allHearEachOther(pairs: readonly Pair[]): Promise<void> {
  for (let at = 0; at < pairs.length; at += AT_ONCE)
    await Promise.all(
      pairs.slice(at, at + AT_ONCE).map((pair) =>
        pair.hearEachOther().catch((cause: unknown) => {
          throw new Error(`those in ${pair.name} do not hear each other`, { cause });
        }),
      ),
    );
}
