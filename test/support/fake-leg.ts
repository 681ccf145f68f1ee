/** One actor of call control's flows, and the service's leg to it. */
import { makeAnswer } from "#sdp/offer-answer.ts";
import type { DialogState } from "#sip/dialog-state.ts";
import type { DialogId, Leg, LegHandlers } from "#sip/leg.ts";
import type { NameAddr, Sdp, SipHeaders, SipResponse, SipUri } from "#sip/message.ts";
import type { ReferOptions } from "#sip/refer.ts";
import { SipError } from "#sip/sip-error.ts";

const HOST = "127.0.0.1";

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

/** What a leg needs of its cast. */
interface Play {
  readonly legs: readonly FakeLeg[];
  record(from: string, to: string, message: string): void;
  describe(sdp: Sdp): string;
  localAudio(actor: string): Parameters<typeof makeAnswer>[1];
  /** Resolves when its server lives. */
  lives(name: string): Promise<void>;
}

export class FakeLeg implements Leg {
  readonly name: string;
  readonly peer;
  readonly id: DialogId;
  remoteContact: NameAddr;
  readonly localContact: SipUri;
  readonly supports: ReadonlySet<string>;
  state: DialogState = "confirmed";
  description: Sdp = "";
  localDescription: Sdp = "";
  handlers: LegHandlers = {};
  /** Its server died since, and knows nothing of it. */
  forgotten = false;
  readonly #cast: Play;
  readonly #role: Role;

  constructor(cast: Play, name: string, role: Role) {
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

  /** A server that died says nothing; one that is back knows nothing of the call. */
  async request(method: string): Promise<SipResponse> {
    if (method !== "OPTIONS") throw new SipError(501, "Not Implemented");
    this.#cast.record("service", this.name, method);
    await this.#cast.lives(this.name);
    if (!this.forgotten) return { status: 200, reason: "OK", headers: {} as SipHeaders, content: "" };
    this.#cast.record(this.name, "service", "481");
    const known = this.state === "confirmed";
    this.state = "ended";
    if (known) this.handlers.onEnded?.("481", true);
    throw new SipError(481, "No Such Call");
  }

  /** The focus puts us into another conference, and says so by a target refresh. */
  movesTo(name: string): void {
    const was = this.remoteContact;
    this.remoteContact = { ...was, uri: `sip:${name}@${HOST}` };
    this.#cast.record(this.name, "service", `UPDATE as ${name}`);
    this.handlers.onTarget?.(was);
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
    this.handlers.onEnded?.("BYE", false);
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal?.addEventListener("abort", () => reject(new SipError(487, "Cancelled")), { once: true });
  return promise;
}

export function nameOf(target: string): string {
  return target.slice(target.indexOf(":") + 1, target.indexOf("@"));
}
