/** A mixer that speaks SIP as the real one does and mixes nothing, for tests of those who order media from it. */
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import type { IncomingInvite, Leg } from "#sip/leg.ts";
import type { Sdp, SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { parseUri } from "#sip/uri.ts";
import type { UserAgentOptions } from "#sip/user-agent.ts";
import { UserAgent } from "#sip/user-agent.ts";

const HOST = "127.0.0.1";
const FIRST_PORT = 40_000;

interface Stream {
  readonly conference: string;
  readonly port: number;
  readonly leg: Leg;
}

export class FakeMixer {
  /** What the next orders are answered with: a status, or "silence". */
  refusing: number | "silence" | undefined;
  /** Called for each order before it is answered. */
  onOrder: (() => void | Promise<void>) | undefined;
  /** Called for each change of a stream before it is answered. */
  onChange: (() => void | Promise<void>) | undefined;
  readonly agent: UserAgent;
  readonly #streams = new Map<Leg, Stream>();
  #nextPort = FIRST_PORT;

  private constructor(agent: UserAgent) {
    this.agent = agent;
  }

  static async open(options: Pick<UserAgentOptions, "onTrace"> = {}): Promise<FakeMixer> {
    const agent: UserAgent = await UserAgent.open({
      ...options,
      host: HOST,
      port: 0,
      name: "fake mixer",
      identity: { name: "mixer" },
      onInvite: (invite) => void mixer.#invited(invite),
    });
    const mixer = new FakeMixer(agent);
    return mixer;
  }

  get address(): SipUri {
    return this.agent.address;
  }

  /** The RTP ports of all legs in a conference, in the order they came. */
  ports(conference: string): number[] {
    return this.#in(conference).map(({ port }) => port);
  }

  /** The legs in a conference, in the order they came. */
  legs(conference: string): Leg[] {
    return this.#in(conference).map(({ leg }) => leg);
  }

  /** Reports that this leg talks, or no longer does. */
  async talks(leg: Leg, talking: boolean): Promise<number> {
    const talkers = talking
      ? `<activetalkers><talker callid="${leg.id.callId}"/></activetalkers>`
      : "<activetalkers/>";
    const content = `<MediaServerControl version="1.0"><notification><conference uniqueid="films" numtalkers="1">${talkers}</conference></notification></MediaServerControl>`;
    const { status } = await leg.request("INFO", { type: "application/mediaservercontrol+xml", content });
    return status;
  }

  close(): Promise<void> {
    return this.agent.close();
  }

  #in(conference: string): Stream[] {
    return [...this.#streams.values()].filter((stream) => stream.conference === conference);
  }

  async #invited(invite: IncomingInvite): Promise<void> {
    const { refusing } = this;
    let cancelled = false;
    invite.onCancelled = () => {
      cancelled = true;
    };
    await this.onOrder?.();
    if (cancelled || refusing === "silence") return;
    const old = invite.replaces && this.agent.findLeg(invite.replaces);
    const conference = /^conf=(.+)$/.exec(parseUri(invite.target)?.user ?? "")?.[1];
    if (refusing !== undefined) invite.reject(refusing);
    else if (conference === undefined) invite.reject(404);
    else if (invite.replaces && !old) invite.reject(481);
    else this.#answer(invite, conference, old);
  }

  #answer(invite: IncomingInvite, conference: string, old: Leg | undefined): void {
    const port = (old && this.#streams.get(old)?.port) ?? this.#nextPort;
    if (port === this.#nextPort) this.#nextPort += 2;
    const description = this.#describe(invite.offer, port);
    if (description === undefined) {
      invite.reject(488);
      return;
    }
    const leg = invite.accept(description);
    leg.handlers = {
      onOffer: async (offer) => {
        await this.onChange?.();
        const answer = this.#describe(offer, port);
        if (answer === undefined) throw new SipError(488, "Not Acceptable Here");
        return answer;
      },
      onEnded: () => this.#streams.delete(leg),
    };
    this.#streams.set(leg, { conference, port, leg });
    if (!old) return;
    this.#streams.delete(old);
    void old.bye();
  }

  #describe(offer: Sdp | undefined, port: number): Sdp | undefined {
    const local = { address: HOST, port, codecs: ["PCMU", "PCMA"], telephoneEvent: true } as const;
    const mutable = { ...local, codecs: [...local.codecs] };
    return offer === undefined ? makeOffer(mutable) : makeAnswer(offer, mutable);
  }
}
