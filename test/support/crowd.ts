/** Phones and far ends by the dozen at one address: some pick up at once, some later, some not, some say busy. */
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import type { IncomingInvite } from "#sip/leg.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { below } from "./random.ts";

const HOST = "127.0.0.1";
const SLOWEST_MS = 40;

export class Crowd {
  readonly agent: UserAgent;
  /** Legs that were answered and have not heard a BYE. */
  readonly standing = new Set<string>();
  answered = 0;
  readonly #random: () => number;

  static async open(random: () => number): Promise<Crowd> {
    const waiting: { crowd?: Crowd } = {};
    const agent = await UserAgent.open({
      host: HOST,
      port: 0,
      name: "crowd",
      identity: {},
      onInvite: (invite) => waiting.crowd?.called(invite),
    });
    waiting.crowd = new Crowd(agent, random);
    return waiting.crowd;
  }

  private constructor(agent: UserAgent, random: () => number) {
    this.agent = agent;
    this.#random = random;
  }

  /** Where somebody of that name is called. `busy…` is busy, `silent…` rings for good, the others pick up. */
  address(name: string): `sip:${string}` {
    return `sip:${name}@${HOST}:${this.agent.port}`;
  }

  called(invite: IncomingInvite): void {
    const [, name = ""] = /^sips?:([^@]*)@/.exec(invite.target) ?? [];
    if (name.startsWith("busy")) {
      invite.reject(486);
      return;
    }
    let cancelled = false;
    invite.onCancelled = () => {
      cancelled = true;
    };
    invite.ring();
    if (name.startsWith("silent")) return;
    setTimeout(() => cancelled || this.#accept(invite, name), below(this.#random, SLOWEST_MS));
  }

  #accept(invite: IncomingInvite, name: string): void {
    const media = { address: HOST, port: 50_000, codecs: ["PCMU"], telephoneEvent: true } as const;
    const answer = (offer: string | undefined) =>
      (offer === undefined ? makeOffer(media) : makeAnswer(offer, media)) ?? "";
    const leg = invite.accept(answer(invite.offer));
    this.answered += 1;
    const id = `${name} ${this.answered}`;
    this.standing.add(id);
    leg.handlers = { onOffer: answer, onEnded: () => this.standing.delete(id) };
  }
}
