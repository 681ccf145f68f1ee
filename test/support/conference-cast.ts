/** People who meet on a conference server of the test's own, with a mixer that mixes nothing. */
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import type { Credentials } from "#sip/credentials.ts";
import type { IncomingRefer } from "#sip/incoming-refer.ts";
import type { IncomingInvite, InviteOptions, Leg } from "#sip/leg.ts";
import type { Sdp, SipUri } from "#sip/message.ts";
import type { Subscription } from "#sip/subscribe.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { parseXml, type XmlElement } from "#xml/strict.ts";
import type { Limits } from "../../servers/conference/capacity.ts";
import type { Participant } from "../../servers/conference/participant.ts";
import {
  type ConferenceServer,
  type ConferenceServerOptions,
  openConferenceServer,
} from "../../servers/conference/server.ts";
import { heardFromFocus } from "./conference-schema.ts";
import { FakeMixer } from "./fake-mixer.ts";
import { Ladder } from "./ladder.ts";
import { until } from "./until.ts";

const HOST = "127.0.0.1";
const QUIET = {
  info() {},
  error(...what: unknown[]) {
    process.stderr.write(`${JSON.stringify(what)}\n`);
  },
};

/** What a phone would offer from this RTP port. */
export function offerFrom(port: number, direction: "sendrecv" | "recvonly" = "sendrecv"): Sdp {
  return makeOffer({ address: HOST, port, codecs: ["PCMU"], telephoneEvent: true, direction });
}

/** Somebody with a phone: who they are, and what they do. */
export class Person {
  readonly name: string;
  readonly agent: UserAgent;
  readonly uri: SipUri;
  readonly #server: ConferenceServer;
  readonly rtpPort: number;
  /** What whoever calls gets: an answer at once, no answer, or this status. */
  picksUp: boolean | number = true;
  /** Whether it goes where a REFER sends it, or the status it refuses that with. */
  goesAlong: true | number = true;
  /** The calls that came, and what became of those that were answered. */
  readonly invites: IncomingInvite[] = [];
  readonly calls: Leg[] = [];
  /** Why calls were ended by others. */
  readonly hungUp: string[] = [];

  constructor(name: string, agent: UserAgent, server: ConferenceServer, rtpPort: number) {
    this.name = name;
    this.agent = agent;
    this.uri = `sip:${name}@example.com`;
    this.#server = server;
    this.rtpPort = rtpPort;
  }

  get offer(): Sdp {
    return offerFrom(this.rtpPort);
  }

  /** Where the phone can be called. */
  get address(): SipUri {
    return `sip:${this.name}@${HOST}:${this.agent.port}`;
  }

  called(invite: IncomingInvite): void {
    this.invites.push(invite);
    if (typeof this.picksUp === "number") invite.reject(this.picksUp);
    else if (!this.picksUp) invite.ring();
    else {
      const leg = invite.accept(invite.offer === undefined ? this.offer : this.answer(invite.offer));
      leg.handlers = {
        onOffer: (offer) => this.answer(offer),
        onRefer: (refer) => void this.referred(refer),
        onEnded: (reason) => void this.hungUp.push(reason),
      };
      this.calls.push(leg);
    }
  }

  /** A REFER in a call: the phone calls where it is sent, and says how that went. */
  async referred(refer: IncomingRefer): Promise<void> {
    if (typeof this.goesAlong === "number") return refer.reject(this.goesAlong);
    const report = refer.accept();
    const from = { name: this.name, uri: this.uri };
    const { leg } = await this.agent.invite(refer.referTo.uri, { from, offer: this.offer });
    this.calls.push(leg);
    await report.progress(200);
  }

  room(id: string): SipUri {
    return `sip:${id}@${this.#server.address.slice("sip:".length)}`;
  }

  /** Calls a conference; resolves with the leg, throws SipError. */
  async joins(id: string, options: InviteOptions = {}): Promise<Leg> {
    const offer = options.answerOffer ? {} : { offer: this.offer };
    const from = { name: this.name, uri: this.uri };
    const { leg } = await this.agent.invite(this.room(id), { from, ...offer, ...options });
    return leg;
  }

  /** The answer of this phone to somebody's offer. */
  answer(offer: Sdp): Sdp {
    return (
      makeAnswer(offer, { address: HOST, port: this.rtpPort, codecs: ["PCMU"], telephoneEvent: true }) ?? ""
    );
  }

  /** Subscribes to the roster of a conference, as a member. */
  watches(id: string, how: WatchOptions = {}): Watch {
    return new Watch(this, id, how);
  }
}

interface WatchOptions {
  readonly event?: string;
  /** The participant's leg that gives the right to watch, when the From does not. */
  readonly by?: Leg;
  readonly from?: SipUri;
}

/** A subscription to a roster and all that it brought. */
export class Watch {
  readonly documents: XmlElement[] = [];
  readonly subscription: Subscription;
  ended: { reason: string; status: number | undefined } | undefined;

  constructor(person: Person, id: string, { event = "conference", by, from }: WatchOptions) {
    this.subscription = person.agent.subscribe(person.room(id), {
      event,
      accept: "application/conference-info+xml",
      from: { uri: from ?? person.uri },
      ...(by && { headers: { "target-dialog": targetDialog(by) } }),
      onNotify: ({ content }) => {
        heardFromFocus(content);
        this.documents.push(parseXml(content));
      },
      onEnded: (reason, status) => {
        this.ended = { reason, status };
      },
    });
  }

  get versions(): number[] {
    return this.documents.map(({ attributes }) => Number(attributes["version"]));
  }

  get last(): XmlElement | undefined {
    return this.documents.at(-1);
  }

  /** All users that a document names, as `Alice full`, with state and the media of their endpoints. */
  users(document: XmlElement | undefined = this.last): string[] {
    const users = document?.children.find(({ name }) => name === "users")?.children ?? [];
    return users.map((user) =>
      [nameOf(user), user.attributes["state"] ?? "full", ...endpointsOf(user)].join(" "),
    );
  }

  heard(count: number): Promise<void> {
    return until(() => this.documents.length >= count, `document ${count}`, 5_000);
  }

  over(): Promise<void> {
    return until(() => this.ended !== undefined, "the end of the subscription", 5_000);
  }
}

function nameOf(user: XmlElement): string {
  return user.children.find(({ name }) => name === "display-text")?.text ?? user.attributes["entity"] ?? "";
}

function endpointsOf(user: XmlElement): string[] {
  const endpoints = user.children.filter(({ name }) => name === "endpoint");
  return endpoints.map((endpoint) => {
    const media = endpoint.children.find(({ name }) => name === "media");
    const status = media?.children.find(({ name }) => name === "status")?.text;
    const talking = endpoint.children.find(({ name }) => name === "talking")?.text === "true";
    return [status ?? endpoint.attributes["state"], ...(talking ? ["talking"] : [])].join(" ");
  });
}

/** A dialog as Target-Dialog names it: tags as its sender sees them (RFC 4538 §3). */
export function targetDialog({ id }: Leg): string {
  return `${id.callId};local-tag=${id.localTag};remote-tag=${id.remoteTag}`;
}

export interface CastOptions
  extends Pick<
    ConferenceServerOptions,
    | "moderators"
    | "inviteLimits"
    | "outboundProxy"
    | "credentials"
    | "health"
    | "factory"
    | "session"
    | "state"
    | "timers"
  > {
  readonly limits?: Partial<Limits>;
  /** More mixers, which the test opens and closes. */
  readonly spares?: readonly FakeMixer[];
}

/** Call flows are read without questions of the health of mixers. */
const UNASKED = { everyMs: 600_000, whileDownMs: 600_000, patienceMs: 1_000 };

/** A conference server, its mixer and people, all in one call flow. */
export class ConferenceCast {
  readonly ladder = new Ladder();
  readonly mixer: FakeMixer;
  readonly server: ConferenceServer;
  readonly #people: Person[] = [];
  readonly #options: CastOptions;

  private constructor(mixer: FakeMixer, server: ConferenceServer, ladder: Ladder, options: CastOptions) {
    this.mixer = mixer;
    this.server = server;
    this.ladder = ladder;
    this.#options = options;
  }

  static async open(options: CastOptions = {}): Promise<ConferenceCast> {
    const ladder = new Ladder();
    const mixer = await FakeMixer.open({ onTrace: ladder.trace("mixer") });
    const server = await openConferenceServer({
      host: HOST,
      port: 0,
      mixers: [mixer.address, ...(options.spares ?? []).map(({ address }) => address)],
      health: options.health ?? UNASKED,
      log: QUIET,
      onTrace: ladder.trace("conference"),
      ...options,
    });
    ladder.name(mixer.agent.port, "mixer");
    ladder.name(portOf(server.address), "conference");
    return new ConferenceCast(mixer, server, ladder, options);
  }

  /** Somebody with a user agent of their own. */
  async person(name: string, credentials: readonly Credentials[] = []): Promise<Person> {
    const { session } = this.#options;
    const agent: UserAgent = await UserAgent.open({
      host: HOST,
      port: 0,
      name,
      identity: { name },
      credentials,
      ...(session && { session }),
      onInvite: (invite) => person.called(invite),
      onTrace: this.ladder.trace(name),
    });
    this.ladder.name(agent.port, name);
    const person: Person = new Person(name, agent, this.server, 30_000 + 2 * this.#people.length);
    this.#people.push(person);
    return person;
  }

  /** Whose call that is, as the server sees it. */
  participant({ id: { callId, localTag, remoteTag } }: Leg): Participant {
    const found = this.server.focus.participantOf({ callId, localTag: remoteTag, remoteTag: localTag });
    if (!found) throw new Error("Nobody has this call in a conference.");
    return found;
  }

  /** The participants of a conference; 0 when there is none. */
  count(id: string): number {
    return this.server.focus.conferences.get(id)?.size ?? 0;
  }

  async close(): Promise<void> {
    await Promise.all(this.#people.map(({ agent }) => agent.close()));
    await this.server.close();
    await this.mixer.close();
  }
}

function portOf(address: SipUri): number {
  return Number(address.split(":").at(-1));
}
