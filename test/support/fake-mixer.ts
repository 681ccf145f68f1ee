/** A mixer that speaks SIP as the real one does and mixes nothing, for tests of those who order media from it. */
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import { readAudio, sends } from "#sdp/session.ts";
import type { IncomingInvite, InDialogAnswer, Leg } from "#sip/leg.ts";
import type { Sdp, SipRequest, SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { parseUri } from "#sip/uri.ts";
import type { UserAgentOptions } from "#sip/user-agent.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { MSCML } from "../../servers/mscml/document.ts";
import { keypress, response, talkerReport } from "../../servers/mscml/notification.ts";
import { mscmlOf, mscmlPart } from "../../servers/mscml/part.ts";
import { type LegConfiguration, type MscmlRequest, readRequest } from "../../servers/mscml/request.ts";

const HOST = "127.0.0.1";
const FIRST_PORT = 40_000;

interface Stream {
  readonly conference: string;
  readonly port: number;
  readonly leg: Leg;
  configuration: LegConfiguration;
  /** Whether it was heard, at first and after each change. */
  readonly heard: boolean[];
  readonly played: string[];
}

export class FakeMixer {
  /** What the next orders are answered with: a status, or "silence". */
  refusing: number | "silence" | undefined;
  /** Called for each order before it is answered. */
  onOrder: (() => void | Promise<void>) | undefined;
  /** Called for each change of a stream before it is answered. */
  onChange: (() => void | Promise<void>) | undefined;
  /** Whether it can be told by MSCML what to do with a leg. */
  takesMscml: boolean | "silence" = true;
  /** Whether it does what an INVITE says beside the media, passes it over, or refuses such an INVITE with this status. */
  readsParts: boolean | number = true;
  /** The INFOs it was sent, and the INVITEs. */
  readonly asked = { infos: 0, invites: 0 };
  readonly agent: UserAgent;
  readonly #streams = new Map<Leg, Stream>();
  #nextPort: number;

  private constructor(agent: UserAgent, firstPort: number) {
    this.agent = agent;
    this.#nextPort = firstPort;
  }

  /** `firstPort` is that of its first stream. */
  static async open(
    options: Pick<UserAgentOptions, "onTrace"> & { readonly firstPort?: number } = {},
  ): Promise<FakeMixer> {
    const { firstPort = FIRST_PORT, ...traced } = options;
    const agent: UserAgent = await UserAgent.open({
      ...traced,
      host: HOST,
      port: 0,
      name: "fake mixer",
      identity: { name: "mixer" },
      onInvite: (invite) => void mixer.#invited(invite),
    });
    const mixer = new FakeMixer(agent, firstPort);
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

  /** Where people are: conferences, and the rooms of those who wait. */
  get rooms(): string[] {
    const live = [...this.#streams.values()].filter(({ leg }) => leg.state !== "ended");
    return [...new Set(live.map(({ conference }) => conference))];
  }

  /** Whether each leg in a conference was heard, from its first moment on. */
  heard(conference: string): boolean[][] {
    return this.#in(conference).map(({ heard }) => heard);
  }

  /** Whether each leg in a conference has its keys reported. */
  reportsKeys(conference: string): boolean[] {
    return this.#in(conference).map(({ configuration }) => configuration.keypresses === true);
  }

  /** The prompts that were played to each leg in a conference. */
  played(conference: string): string[][] {
    return this.#in(conference).map(({ played }) => played);
  }

  /** Reports that this leg talks, or no longer does. */
  async talks(leg: Leg, talking: boolean): Promise<number> {
    const callIds = talking ? [leg.id.callId] : [];
    const content = talkerReport({ conference: "films", talkers: 1, callIds });
    const { status } = await leg.request("INFO", { type: MSCML, content });
    return status;
  }

  /** Somebody presses keys, which are reported to those who want to know. */
  async presses(leg: Leg, keys: string): Promise<void> {
    if (this.#streams.get(leg)?.configuration.keypresses !== true) return;
    for (const key of keys) await leg.request("INFO", { type: MSCML, content: keypress(key) });
  }

  close(): Promise<void> {
    return this.agent.close();
  }

  #in(conference: string): Stream[] {
    return [...this.#streams.values()].filter(
      (stream) => stream.conference === conference && stream.leg.state !== "ended",
    );
  }

  async #invited(invite: IncomingInvite): Promise<void> {
    const { refusing } = this;
    let cancelled = false;
    this.asked.invites += 1;
    invite.onCancelled = () => {
      cancelled = true;
    };
    await this.onOrder?.();
    if (cancelled || refusing === "silence") return;
    const old = invite.replaces && this.agent.findLeg(invite.replaces);
    const conference = /^conf=(.+)$/.exec(parseUri(invite.target)?.user ?? "")?.[1];
    const refused = refusing ?? this.#cannotRead(invite);
    if (refused !== undefined) invite.reject(refused);
    else if (conference === undefined) invite.reject(404);
    else if (invite.replaces && !old) invite.reject(481);
    else this.#answer(invite, conference, old);
  }

  #cannotRead(invite: IncomingInvite): number | undefined {
    return typeof this.readsParts === "number" && ordered(invite) ? this.readsParts : undefined;
  }

  #told(invite: IncomingInvite): LegConfiguration | undefined {
    return this.readsParts === true && this.takesMscml === true ? ordered(invite) : undefined;
  }

  #answer(invite: IncomingInvite, conference: string, old: Leg | undefined): void {
    const port = (old && this.#streams.get(old)?.port) ?? this.#nextPort;
    if (port === this.#nextPort) this.#nextPort += 2;
    const description = this.#describe(invite.offer, port);
    if (description === undefined) {
      invite.reject(488);
      return;
    }
    const told = this.#told(invite);
    const leg = invite.accept(description, told && { parts: [DONE] });
    leg.handlers = {
      onOffer: async (offer) => {
        await this.onChange?.();
        const answer = this.#describe(offer, port);
        if (answer === undefined) throw new SipError(488, "Not Acceptable Here");
        listen(stream, offer);
        return answer;
      },
      onAnswer: (answer) => listen(stream, answer),
      onRequest: (request) => this.#asked(stream, request),
      onEnded: () => this.#streams.delete(leg),
    };
    // The mode goes along with the stream, until the mixer is told another.
    const { mixmode } = (old && this.#streams.get(old)?.configuration) ?? {};
    const configuration = mixmode === undefined ? { ...told } : { mixmode, ...told };
    const stream: Stream = { conference, port, leg, configuration, heard: [], played: [] };
    this.#streams.set(leg, stream);
    if (invite.offer !== undefined) listen(stream, invite.offer);
    if (!old) return;
    this.#streams.delete(old);
    void old.bye();
  }

  #asked(stream: Stream, request: SipRequest): InDialogAnswer | Promise<never> {
    if (this.takesMscml === "silence") return new Promise(() => undefined);
    if (!this.takesMscml || request.method !== "INFO") return { status: 415 };
    const asked: MscmlRequest = readRequest(request.content);
    if (asked.name === "play") stream.played.push(...asked.urls.map((url) => url.replace("partyline:", "")));
    if (asked.name !== "configure_leg") return { status: 200 };
    this.asked.infos += 1;
    stream.configuration = { ...stream.configuration, ...asked.configuration };
    listen(stream);
    return { status: 200 };
  }

  #describe(offer: Sdp | undefined, port: number): Sdp | undefined {
    const local = { address: HOST, port, codecs: ["PCMU", "PCMA"], telephoneEvent: true } as const;
    const mutable = { ...local, codecs: [...local.codecs] };
    return offer === undefined ? makeOffer(mutable) : makeAnswer(offer, mutable);
  }
}

const DONE = mscmlPart(response({ request: "configure_leg", code: 200, text: "OK" }));

/** What the INVITE says beside the media. */
function ordered({ request }: IncomingInvite): LegConfiguration | undefined {
  const content = mscmlOf(request);
  const order = content === undefined ? undefined : readRequest(content);
  return order?.name === "configure_leg" ? order.configuration : undefined;
}

/** Notes whether the stream is heard now, as the phone's media have it and the mixer was told. */
function listen(stream: Stream, phone: Sdp = stream.leg.description): void {
  const { mixmode = "full" } = stream.configuration;
  stream.heard.push(mixmode === "full" && sends(readAudio(phone)?.direction ?? "inactive"));
}
