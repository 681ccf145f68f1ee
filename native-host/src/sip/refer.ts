/** REFER in a dialog and the progress it reports by NOTIFY (RFC 3515, RFC 4488). */
import { Alarm } from "./alarm.ts";
import type { Core } from "./core.ts";
import { mediaType, parseParameters, seconds } from "./header-values.ts";
import type { ExtraHeaders, Leg } from "./leg.ts";
import { type SipRequest, type SipResponse, type SipUri, textHeader } from "./message.ts";
import { SipError } from "./sip-error.ts";

export interface ReferOptions {
  /** What the peer shall send to the target; INVITE when missing. */
  readonly method?: string;
  readonly headers?: ExtraHeaders;
}

/** How long we wait for the outcome when the peer does not say how long it will report, seconds. */
const DEFAULT_EXPIRES_S = 180;

interface Referral {
  /** Unknown while a NOTIFY may overtake the 202. */
  seq: number | undefined;
  readonly clock: Alarm;
  readonly resolve: (status: number) => void;
  readonly reject: (error: SipError) => void;
}

/** The REFERs one leg has sent and not yet heard the end of. */
export class Referrals {
  readonly #core: Core;
  readonly #send: (headers: ExtraHeaders) => Promise<SipResponse>;
  readonly #open: Referral[] = [];

  constructor(core: Core, send: (headers: ExtraHeaders) => Promise<SipResponse>) {
    this.#core = core;
    this.#send = send;
  }

  /** Resolves with the final status the peer reports, or its 2xx when it will not report (RFC 4488). */
  async refer(target: SipUri, { method, headers }: ReferOptions): Promise<number> {
    const uri = method === undefined ? target : `${target};method=${method}`;
    const { referral, outcome } = this.#start();
    const response = await this.#send({ ...headers, "refer-to": `<${uri}>` });
    referral.seq = response.headers.cseq.seq;
    if (response.status >= 300) {
      this.#close(referral);
      throw new SipError(response.status, response.reason, { response });
    }
    if (/^false\b/i.test(textHeader(response, "refer-sub") ?? "")) {
      this.#close(referral);
      return response.status;
    }
    return outcome;
  }

  /** Takes a NOTIFY about one of our REFERs; false when we did not send the one it is about. */
  receive(notify: SipRequest): boolean {
    const event = parseParameters(textHeader(notify, "event") ?? "");
    if (event.value.toLowerCase() !== "refer") return false;
    const id = event.params.get("id");
    const known = (seq: number | undefined) => id === undefined || seq === undefined || Number(id) === seq;
    const referral = this.#open.find(({ seq }) => known(seq));
    if (referral) this.#progress(referral, notify);
    return referral !== undefined;
  }

  stop(): void {
    for (const referral of [...this.#open]) {
      this.#close(referral);
      referral.reject(new SipError(481, "The call has ended"));
    }
  }

  #start(): { referral: Referral; outcome: Promise<number> } {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    promise.catch(() => undefined);
    const referral: Referral = { seq: undefined, clock: new Alarm(), resolve, reject };
    this.#open.push(referral);
    // Two spans of 64*T1: one for the answer to the REFER, one for the first NOTIFY (RFC 6665 §4.1.2).
    this.#expect(referral, 128 * this.#core.timers.t1);
    return { referral, outcome: promise };
  }

  #progress(referral: Referral, notify: SipRequest): void {
    const subscription = parseParameters(textHeader(notify, "subscription-state") ?? "");
    const status = sipfragStatus(notify);
    if (status !== undefined && status >= 200) {
      this.#close(referral);
      referral.resolve(status);
    } else if (subscription.value.toLowerCase() === "terminated") {
      this.#close(referral);
      referral.reject(new SipError(408, "The peer stopped reporting"));
    } else {
      const expiresS = seconds(subscription.params.get("expires")) ?? DEFAULT_EXPIRES_S;
      this.#expect(referral, 1000 * Math.min(expiresS, DEFAULT_EXPIRES_S));
    }
  }

  #expect(referral: Referral, ms: number): void {
    referral.clock.set(ms, () => {
      this.#close(referral);
      referral.reject(new SipError(408, "The peer did not say how the transfer went"));
    });
  }

  #close(referral: Referral): void {
    referral.clock.stop();
    const at = this.#open.indexOf(referral);
    if (at >= 0) this.#open.splice(at, 1);
  }
}

/** The status line in a message/sipfrag body (RFC 3420). */
function sipfragStatus(notify: SipRequest): number | undefined {
  if (mediaType(notify) !== "message/sipfrag") return undefined;
  const digits = /^SIP\/2\.0 ([1-6]\d\d)/i.exec(notify.content)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Reports to the peer how the REFER it sent us is going; a final status ends its subscription. */
export async function reportReferral(
  leg: Leg,
  refer: SipRequest,
  status: number,
  reason: string,
): Promise<void> {
  const state = status < 200 ? "active;expires=60" : "terminated;reason=noresource";
  const body = { type: "message/sipfrag;version=2.0", content: `SIP/2.0 ${status} ${reason}\r\n` };
  const event = `refer;id=${refer.headers.cseq.seq}`;
  await leg.request("NOTIFY", body, { event, "subscription-state": state });
}
