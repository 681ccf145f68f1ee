/** Actors of call control's flows: phones and conferences that answer at once, unless they are cast to do otherwise. */
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import { readAudio } from "#sdp/session.ts";
import { COMPLETED_ELSEWHERE } from "#sip/cancel-reason.ts";
import type { Caller, DialogId, InviteOptions, Leg } from "#sip/leg.ts";
import type { Sdp, SipHeaders, SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import type { SubscribeOptions, Subscription } from "#sip/subscribe.ts";
import { FakeLeg, nameOf, type Role } from "./fake-leg.ts";
import type { Ladder } from "./ladder.ts";

const HOST = "127.0.0.1";

/** The first of the RTP ports that actors claim to have; nothing is sent there that anybody hears. */
const FIRST_PORT = 61_000;

export class Cast implements Caller {
  readonly #ladder: Ladder;
  readonly #roles: Readonly<Record<string, Role>>;
  readonly #ports = new Map<string, number>();
  /** Those whose server is dead, and what tells of its return. */
  readonly #dead = new Map<string, PromiseWithResolvers<void>>();
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

  /** Its server is killed: it says nothing more, and has forgotten all calls when it is back. */
  dies(name: string): void {
    this.#dead.set(name, Promise.withResolvers());
    for (const leg of this.legs) if (leg.name === name) leg.forgotten = true;
  }

  returns(name: string): void {
    this.#dead.get(name)?.resolve();
    this.#dead.delete(name);
  }

  /** Resolves when its server lives. */
  async lives(name: string): Promise<void> {
    await this.#dead.get(name)?.promise;
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
    if (options.replaces && this.#find(options.replaces)?.forgotten) return 481;
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
    const answered = waits ? new Promise<void>(() => undefined) : (role.answers ?? this.lives(name));
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
