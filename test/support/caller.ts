/** Somebody who calls the service, in call control's flows: an INVITE, and what becomes of it. */
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import type { DialogId, IncomingInvite, Leg } from "#sip/leg.ts";
import type { NameAddr, Sdp, SipRequest, SipUri } from "#sip/message.ts";
import { FakeLeg } from "./fake-leg.ts";
import type { Stage } from "./service-cast.ts";

const HOST = "127.0.0.1";

export interface CallerOptions {
  /** Whom it calls: the Request-URI; the user's own address when missing. */
  readonly target?: SipUri;
  /** What it dialled (To); the same as the target when missing. */
  readonly to?: SipUri;
  /** Under which name it calls. */
  readonly display?: string;
  /** "none": it wants our offer. */
  readonly offer?: Sdp | "none";
  readonly replaces?: DialogId;
}

export class FakeCaller implements IncomingInvite {
  readonly name: string;
  readonly request: SipRequest;
  readonly from: NameAddr;
  readonly target: SipUri;
  readonly source = { address: HOST, port: 5060 };
  readonly offer: Sdp | undefined;
  readonly replaces: DialogId | undefined;
  onCancelled?: (reason?: string) => void;
  /** What it was told in the end: 200, or why not. */
  status: number | undefined;
  readonly #stage: Stage;
  #leg: FakeLeg | undefined;

  constructor(stage: Stage, name: string, options: CallerOptions = {}) {
    const { cast } = stage;
    this.#stage = stage;
    this.name = name;
    this.target = options.target ?? `sip:alice@${HOST}`;
    this.from = {
      uri: `sip:${name}@${HOST}`,
      params: { tag: name },
      ...(options.display !== undefined && { name: options.display }),
    };
    const offer = options.offer ?? makeOffer(cast.localAudio(name));
    this.offer = offer === "none" ? undefined : offer;
    this.replaces = options.replaces;
    this.request = requestOf(this.from, this.target, options.to ?? this.target);
  }

  /** Its INVITE arrives. */
  calls(): this {
    const { cast } = this.#stage;
    const sdp = this.offer === undefined ? "" : ` ${cast.describe(this.offer)}`;
    const replaces = this.replaces ? " replaces" : "";
    cast.record(this.name, "service", `INVITE${sdp}${replaces}`);
    this.#stage.service.receive(this);
    return this;
  }

  /** It hangs up before anybody answered. */
  cancels(reason?: string): void {
    if (this.status !== undefined) return;
    this.status = 487;
    this.#stage.cast.record(this.name, "service", "CANCEL");
    this.onCancelled?.(reason);
  }

  get leg(): FakeLeg {
    if (!this.#leg) throw new Error(`${this.name} was not answered`);
    return this.#leg;
  }

  ring(status = 180): undefined {
    if (this.status === undefined) this.#stage.cast.record("service", this.name, String(status));
  }

  accept(sdp: Sdp): Leg {
    const { cast } = this.#stage;
    const leg = new FakeLeg(cast, this.name, {});
    this.#leg = leg;
    if (this.status !== undefined) {
      leg.state = "ended";
      return leg;
    }
    this.status = 200;
    cast.legs.push(leg);
    cast.record("service", this.name, `200 ${cast.describe(sdp)}`);
    if (this.offer === undefined) this.#answers(leg, sdp);
    else leg.described(this.offer, sdp);
    return leg;
  }

  reject(status: number): void {
    if (this.status !== undefined) return;
    this.status = status;
    this.#stage.cast.record("service", this.name, String(status));
  }

  /** Its answer comes in the ACK. */
  #answers(leg: FakeLeg, offer: Sdp): void {
    const { cast } = this.#stage;
    const answer = makeAnswer(offer, cast.localAudio(this.name)) ?? "";
    leg.described(answer, offer);
    setImmediate(() => {
      cast.record(this.name, "service", `ACK ${cast.describe(answer)}`);
      leg.handlers.onAnswer?.(answer);
    });
  }
}

function requestOf(from: NameAddr, uri: SipUri, to: SipUri): SipRequest {
  const headers = {
    via: [],
    from,
    to: { uri: to, params: {} },
    "call-id": "incoming",
    cseq: { seq: 1, method: "INVITE" },
  };
  return { method: "INVITE", uri, headers, content: "" };
}
