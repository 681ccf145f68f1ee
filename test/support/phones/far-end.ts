/** Bob, whom the emulated phones call: he rings, and answers or not. */

import type { IncomingInvite, Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { RtpParty } from "../rtp-party.ts";

export class FarEnd {
  /** Whom they wanted, in order. */
  readonly wanted: string[] = [];
  #leg: Leg | undefined;
  #rung = Promise.withResolvers<IncomingInvite>();
  #hungUp = Promise.withResolvers<void>();
  readonly #agent: UserAgent;
  readonly #audio: RtpParty;

  private constructor(agent: UserAgent, audio: RtpParty) {
    this.#agent = agent;
    this.#audio = audio;
  }

  static async open(): Promise<FarEnd> {
    let far: FarEnd | undefined;
    const audio = await RtpParty.open();
    const agent = await UserAgent.open({
      host: "127.0.0.1",
      port: 0,
      name: "bob",
      identity: {},
      onInvite: (invite) => {
        if (far) far.#ring(invite);
      },
    });
    far = new FarEnd(agent, audio);
    return far;
  }

  /** `sip:127.0.0.1:port` */
  get server(): SipUri {
    return this.#agent.address;
  }

  /** His address with a name or number. */
  address(user = "bob"): SipUri {
    return `sip:${user}@${this.server.slice("sip:".length)}`;
  }

  /** Resolves when he rings. */
  async rings(): Promise<IncomingInvite> {
    return this.#rung.promise;
  }

  /** He picks up. */
  async answers(): Promise<void> {
    const invite = await this.#rung.promise;
    this.#leg = invite.accept(this.#audio.offer(), { handlers: { onEnded: () => this.#hungUp.resolve() } });
  }

  async declines(): Promise<void> {
    (await this.#rung.promise).reject(603);
  }

  /** Resolves when the other end hung up. */
  async isHungUp(): Promise<void> {
    await this.#hungUp.promise;
  }

  async hangsUp(): Promise<void> {
    await this.#leg?.bye();
  }

  async close(): Promise<void> {
    await this.#agent.close();
    this.#audio.close();
  }

  #ring(invite: IncomingInvite): void {
    this.wanted.push(invite.target);
    invite.onCancelled = () => this.#hungUp.resolve();
    invite.ring(180);
    this.#rung.resolve(invite);
  }
}
