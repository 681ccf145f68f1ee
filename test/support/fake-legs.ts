/** Actors of call control's flows: phones and conferences that answer at once, unless they are cast to do otherwise. */
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import { readAudio } from "#sdp/session.ts";
import { COMPLETED_ELSEWHERE } from "#sip/cancel-reason.ts";
import type { DialogState } from "#sip/dialog-state.ts";
import type { Caller, DialogId, InviteOptions, Leg, LegHandlers } from "#sip/leg.ts";
import type { Sdp, SipHeaders, SipUri } from "#sip/message.ts";
import type { ReferOptions } from "#sip/refer.ts";
import { SipError } from "#sip/sip-error.ts";
import type { SubscribeOptions, Subscription } from "#sip/subscribe.ts";
import type { Ladder } from "./ladder.ts";

export interface Role {
  /** Final status of its INVITEs; 200 when missing. */
  readonly refuses?: number;
  /** Status of an INVITE with Replaces. */
  readonly refusesReplaces?: number;
  /** Status of its re-INVITEs. */
  readonly refusesOffers?: number;
  /** What it reports of a REFER in the end; 200 when missing. */
  readonly refers?: number | "silent";
  /** Says 180 before anything else. */
  readonly rings?: boolean;
  /** Never sends a final response. */
  readonly silent?: boolean;
  /** Answers only when it is asked to do so by itself; nobody is there to pick it up. */
  readonly unattended?: boolean;
  /** Answers only when this resolves; a CANCEL before it is in time, unless it crosses. */
  readonly answers?: Promise<void>;
  /** Its 200 crosses a CANCEL on the wire: both happen. */
  readonly crosses?: boolean;
  /** Whose RTP port it names as its own; one mixer keeps the port of a stream it moves. */
  readonly media?: string;
  /** A conference server: all of a cast are the same one unless their ports differ. */
  readonly focus?: boolean;
}

const HOST = "127.0.0.1";

/** The first of the RTP ports that actors claim to have; nothing is sent there that anybody hears. */
const FIRST_PORT = 61_000;

export class Cast implements Caller {
  readonly #ladder: Ladder;
  readonly #roles: Readonly<Record<string, Role>>;
  readonly #ports = new Map<string, number>();
  readonly legs: FakeLeg[] = [];
  /** Every INVITE of the service, as it was asked for. */
  readonly invites: { readonly name: string; readonly options: InviteOptions }[] = [];
  readonly subscriptions: { readonly target: string; readonly options: SubscribeOptions }[] = [];

  constructor(ladder: Ladder, roles: Readonly<Record<string, Role>> = {}) {
    this.#ladder = ladder;
    this.#roles = roles;
  }

  /** Confirmed legs to others than `device`: how many far ends are alive. */
  alive(device = "desk"): string[] {
    return this.legs
      .filter((leg) => leg.state === "confirmed" && leg.name !== device)
      .map(({ name }) => name);
  }

  leg(name: string): FakeLeg {
    const leg = this.legs.findLast((one) => one.name === name);
    if (!leg) throw new Error(`nobody called ${name}`);
    return leg;
  }

  async invite(target: SipUri, options: InviteOptions): Promise<{ leg: Leg; answer: Sdp }> {
    if (options.signal?.aborted) throw new SipError(487, "Cancelled");
    const name = nameOf(target);
    const replaced = options.replaces && this.#find(options.replaces);
    this.invites.push({ name, options });
    this.record("service", name, this.#inviteLine(options, replaced));
    await this.#answers(name, options);
    const refusal = this.#refusalOf(name, options);
    if (refusal !== undefined) {
      this.record(name, "service", String(refusal));
      throw new SipError(refusal, "refused");
    }
    const leg = new FakeLeg(this, name, this.#roles[name] ?? {});
    this.legs.push(leg);
    leg.handlers = options.handlers ?? {};
    const answer =
      options.offer === undefined ? await this.#offers(leg, options) : this.#accepts(leg, options.offer);
    if (replaced) setImmediate(() => replaced.hangsUp());
    return { leg, answer };
  }

  subscribe(target: SipUri, options: SubscribeOptions): Subscription {
    const name = nameOf(target);
    this.record("service", name, `SUBSCRIBE ${options.event}`);
    this.subscriptions.push({ target, options });
    const refresh = () => this.record("service", name, "SUBSCRIBE again");
    const end = async () => this.record("service", name, "SUBSCRIBE expires 0");
    return { state: "active", refresh, end };
  }

  record(from: string, to: string, message: string): void {
    this.#ladder.record(from, to, message);
  }

  /** `sdp of desk`; what has a port that none of the cast has, is the service's own. */
  describe(sdp: Sdp): string {
    const audio = readAudio(sdp);
    const owner = [...this.#ports].find(([, port]) => port === audio?.port)?.[0] ?? "service";
    const direction = audio?.direction === "sendrecv" ? "" : ` ${audio?.direction}`;
    return `sdp of ${owner}${direction}`;
  }

  localAudio(actor: string) {
    const name = this.#roles[actor]?.media ?? actor;
    const port = this.#ports.get(name) ?? FIRST_PORT + 2 * this.#ports.size;
    this.#ports.set(name, port);
    return { address: HOST, port, codecs: ["PCMU"], telephoneEvent: true } as const;
  }

  #inviteLine(options: InviteOptions, replaced: FakeLeg | undefined): string {
    const sdp = options.offer === undefined ? "" : ` ${this.describe(options.offer)}`;
    // A dialog that is none of ours has its Call-ID for a name.
    const whose = replaced?.name ?? options.replaces?.callId;
    return `INVITE${sdp}${whose === undefined ? "" : ` replaces ${whose}`}`;
  }

  #find({ callId }: DialogId): FakeLeg | undefined {
    return this.legs.find((leg) => leg.id.callId === callId);
  }

  #refusalOf(name: string, options: InviteOptions): number | undefined {
    const role = this.#roles[name];
    return options.replaces && role?.refusesReplaces ? role.refusesReplaces : role?.refuses;
  }

  async #answers(name: string, { signal, timeoutMs, headers, onProgress }: InviteOptions): Promise<void> {
    const role = this.#roles[name] ?? {};
    if (role.rings) {
      this.record(name, "service", "180");
      onProgress?.(180, { status: 180, reason: "Ringing", headers: {} as SipHeaders, content: "" });
    }
    const waits = role.silent || role.crosses || (role.unattended && headers?.["call-info"] === undefined);
    const { promise: cancelled, reject } = Promise.withResolvers<never>();
    cancelled.catch(() => undefined);
    const cancel = () => {
      const elsewhere = signal?.reason === COMPLETED_ELSEWHERE ? " completed elsewhere" : "";
      this.record("service", name, `CANCEL${elsewhere}`);
      if (role.crosses) this.#cross(name);
      reject(new SipError(487, "Request Terminated"));
    };
    signal?.addEventListener("abort", cancel, { once: true });
    const answered = waits ? new Promise<void>(() => undefined) : role.answers;
    const giveUp = () => {
      this.record("service", name, "CANCEL");
      reject(new SipError(408, "No answer"));
    };
    const patience = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
    await Promise.race([answered, cancelled]).finally(() => {
      clearTimeout(patience);
      signal?.removeEventListener("abort", cancel);
    });
  }

  /** What the user agent does with a 200 that crosses its CANCEL. */
  #cross(name: string): void {
    this.record(name, "service", "200");
    this.record("service", name, "ACK");
    this.record("service", name, "BYE");
  }

  #accepts(leg: FakeLeg, offer: Sdp): Sdp {
    const answer = makeAnswer(offer, this.localAudio(leg.name)) ?? "";
    leg.described(answer, offer);
    this.record(leg.name, "service", `200 ${this.describe(answer)}`);
    return answer;
  }

  /** An INVITE without SDP: the offer comes in the 200, the answer goes into the ACK (RFC 3725 §4.1). */
  async #offers(leg: FakeLeg, options: InviteOptions): Promise<Sdp> {
    const offer = makeOffer(this.localAudio(leg.name));
    this.record(leg.name, "service", `200 ${this.describe(offer)}`);
    try {
      const answer = (await options.answerOffer?.(offer)) ?? "";
      leg.described(offer, answer);
      this.record("service", leg.name, `ACK ${this.describe(answer)}`);
      return offer;
    } catch (cause) {
      this.record("service", leg.name, "ACK");
      await leg.bye();
      throw cause;
    }
  }
}

export class FakeLeg implements Leg {
  readonly name: string;
  readonly peer;
  readonly id: DialogId;
  readonly remoteContact;
  readonly localContact: SipUri;
  readonly supports: ReadonlySet<string>;
  state: DialogState = "confirmed";
  description: Sdp = "";
  localDescription: Sdp = "";
  handlers: LegHandlers = {};
  readonly #cast: Cast;
  readonly #role: Role;

  constructor(cast: Cast, name: string, role: Role) {
    const number = cast.legs.length + 1;
    this.#cast = cast;
    this.#role = role;
    this.name = name;
    this.peer = { uri: `sip:${name}@${HOST}`, params: {} };
    this.id = { callId: `call-${number}`, localTag: `l${number}`, remoteTag: `r${number}` };
    this.remoteContact = { uri: `sip:${name}@${HOST}`, params: role.focus ? { isfocus: null } : {} };
    this.localContact = `sip:user-${number}@${HOST}:5060`;
    this.supports = new Set(role.focus ? ["replaces", "tdialog"] : []);
  }

  described(theirs: Sdp, ours: Sdp): void {
    this.description = theirs;
    this.localDescription = ours;
  }

  async offer(sdp: Sdp): Promise<Sdp> {
    this.#cast.record("service", this.name, `INVITE again ${this.#cast.describe(sdp)}`);
    const { refusesOffers } = this.#role;
    this.#cast.record(this.name, "service", String(refusesOffers ?? 200));
    if (refusesOffers) throw new SipError(refusesOffers, "refused");
    const answer = makeAnswer(sdp, this.#cast.localAudio(this.name)) ?? "";
    this.described(answer, sdp);
    return answer;
  }

  refresh(contactUser: string): void {
    this.#cast.record("service", this.name, `UPDATE as ${contactUser}`);
  }

  async request(): Promise<never> {
    throw new SipError(501, "Not Implemented");
  }

  async refer(target: SipUri, { onProgress, signal }: ReferOptions = {}): Promise<number> {
    this.#cast.record("service", this.name, `REFER to ${nameOf(target)}`);
    const { refers = 200 } = this.#role;
    if (refers === "silent") return aborted(signal);
    onProgress?.(180, "Ringing");
    this.#cast.record(this.name, "service", `NOTIFY ${refers}`);
    onProgress?.(refers, "");
    return refers;
  }

  async info(): Promise<never> {
    throw new SipError(469, "Bad Info Package");
  }

  async acknowledged(): Promise<boolean> {
    return this.state !== "ended";
  }

  async bye(): Promise<void> {
    if (this.state === "ended") return;
    this.state = "ended";
    this.#cast.record("service", this.name, "BYE");
  }

  /** The actor itself ends the dialog. */
  hangsUp(): void {
    if (this.state === "ended") return;
    this.state = "ended";
    this.#cast.record(this.name, "service", "BYE");
    this.handlers.onEnded?.("BYE");
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal?.addEventListener("abort", () => reject(new SipError(487, "Cancelled")), { once: true });
  return promise;
}

function nameOf(target: string): string {
  return target.slice(target.indexOf(":") + 1, target.indexOf("@"));
}
