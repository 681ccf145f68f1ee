/** A phone that answers at once, says a tone and keeps what it hears: SIP by our user agent, audio by RtpParty. */
import { makeAnswer } from "#sdp/offer-answer.ts";
import type { IncomingInvite, Leg } from "#sip/leg.ts";
import type { Sdp, SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { RtpParty } from "./rtp-party.ts";
import { samplesOf } from "./rtp-recording.ts";
import { tonesIn } from "./tone.ts";

const HOST = "127.0.0.1";

export class TonePhone {
  readonly name: string;
  readonly agent: UserAgent;
  readonly rtp: RtpParty;
  /** Its calls that are not over. */
  readonly calls = new Set<Leg>();

  private constructor(name: string, agent: UserAgent, rtp: RtpParty) {
    this.name = name;
    this.agent = agent;
    this.rtp = rtp;
  }

  static async open(name: string, hz: number): Promise<TonePhone> {
    const rtp = await RtpParty.open({ hz });
    const agent: UserAgent = await UserAgent.open({
      host: HOST,
      port: 0,
      name,
      identity: { name },
      onInvite: (invite) => phone.#called(invite),
    });
    const phone = new TonePhone(name, agent, rtp);
    return phone;
  }

  get address(): SipUri {
    return `sip:${this.name}@${HOST}:${this.agent.port}`;
  }

  /** For how long at most it heard nothing of this tone from then on, between two times that it did; milliseconds. */
  longestWithout(hz: number, from: number): number {
    const heard = this.rtp.heard.audio({ from }).filter((packet) => tonesIn(samplesOf(packet)).includes(hz));
    const gaps = heard.slice(1).map(({ at }, i) => at - (heard[i]?.at ?? at));
    return Math.round(Math.max(0, ...gaps));
  }

  async hangUp(): Promise<void> {
    await Promise.all([...this.calls].map((leg) => leg.bye()));
    this.calls.clear();
  }

  async close(): Promise<void> {
    await this.agent.close();
    this.rtp.close();
  }

  #called(invite: IncomingInvite): void {
    const leg = invite.accept(invite.offer === undefined ? this.rtp.offer() : this.#answer(invite.offer));
    leg.handlers = {
      onOffer: (offer) => this.#answer(offer),
      onAnswer: (answer) => this.rtp.talkTo(answer),
      onEnded: () => void this.calls.delete(leg),
    };
    this.calls.add(leg);
  }

  #answer(offer: Sdp): Sdp {
    const local = { address: HOST, port: this.rtp.port, telephoneEvent: true, codecs: ["PCMU"] } as const;
    const answer = makeAnswer(offer, local);
    if (answer === undefined) throw new SipError(488, "Not Acceptable Here");
    this.rtp.talkTo(offer);
    return answer;
  }
}
