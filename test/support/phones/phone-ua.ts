/** The SIP half of an emulated desk phone: it calls when it is told to, and rings until its answer key is pressed. */

import type { IncomingInvite, Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { RtpParty } from "../rtp-party.ts";

export type PhoneState = "idle" | "incoming" | "outgoing" | "ringing" | "established";

export interface PhoneUaOptions {
  /** User-Agent by SIP. */
  readonly name: string;
  /** Where numbers without a domain are: the phone's own server. */
  readonly server: SipUri;
  readonly onState?: (state: PhoneState) => void;
}

export class PhoneUa {
  state: PhoneState = "idle";
  remote = "";
  held = false;
  muted = false;
  digits = "";
  readonly #agent: UserAgent;
  readonly #options: PhoneUaOptions;
  readonly #audio: RtpParty;
  #leg: Leg | undefined;
  #incoming: IncomingInvite | undefined;
  #calling: AbortController | undefined;

  private constructor(agent: UserAgent, audio: RtpParty, options: PhoneUaOptions) {
    this.#agent = agent;
    this.#audio = audio;
    this.#options = options;
  }

  static async open(options: PhoneUaOptions): Promise<PhoneUa> {
    let phone: PhoneUa | undefined;
    const agent = await UserAgent.open({
      host: "127.0.0.1",
      port: 0,
      name: options.name,
      identity: {},
      onInvite: (invite) => {
        if (phone) phone.#ring(invite);
      },
    });
    phone = new PhoneUa(agent, await RtpParty.open(), options);
    return phone;
  }

  get address(): SipUri {
    return this.#agent.address;
  }

  /** As if dialled on its keypad. */
  dial(number: string): void {
    const bare = number.replace(/^sip:/, "");
    const { server } = this.#options;
    const target: SipUri = bare.includes("@")
      ? `sip:${bare}`
      : (server.replace(/^sip:/, `sip:${bare}@`) as SipUri);
    this.remote = bare;
    this.#enter("outgoing");
    const calling = new AbortController();
    this.#calling = calling;
    this.#agent
      .invite(target, {
        offer: this.#audio.offer(),
        signal: calling.signal,
        onProgress: (status) => status === 180 && this.#enter("ringing"),
        handlers: { onEnded: () => this.#enter("idle") },
      })
      .then(({ leg }) => {
        this.#leg = leg;
        this.#enter("established");
      })
      .catch(() => this.#enter("idle"));
  }

  /** Its answer key. */
  answer(): void {
    const invite = this.#incoming;
    if (!invite) return;
    this.#incoming = undefined;
    this.#leg = invite.accept(this.#audio.offer(), { handlers: { onEnded: () => this.#enter("idle") } });
    this.#enter("established");
  }

  /** Somebody picks up or presses hang up. */
  async hangUp(): Promise<void> {
    this.#calling?.abort();
    this.#incoming?.reject(486);
    this.#incoming = undefined;
    await this.#leg?.bye();
    this.#leg = undefined;
    this.#enter("idle");
  }

  async close(): Promise<void> {
    await this.#agent.close();
    this.#audio.close();
  }

  #ring(invite: IncomingInvite): void {
    this.#incoming = invite;
    this.remote = invite.from.uri;
    invite.onCancelled = () => this.#enter("idle");
    invite.ring(180);
    this.#enter("incoming");
  }

  #enter(state: PhoneState): void {
    if (state === this.state) return;
    this.state = state;
    this.#options.onState?.(state);
  }
}
