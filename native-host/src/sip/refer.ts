/** REFER as its sender: what we ask for, and the progress the peer reports by NOTIFY (RFC 3515, RFC 4488, RFC 7647). */
import type { Core } from "./core.ts";
import { eventOf } from "./event-header.ts";
import { extraHeaders, mediaType, parseParameters, seconds } from "./header-values.ts";
import type { ExtraHeaders } from "./leg.ts";
import { Machine } from "./machine.ts";
import {
  type NameAddr,
  type SipHeaders,
  type SipRequest,
  type SipResponse,
  type SipUri,
  textHeader,
} from "./message.ts";
import { formatReferTo, type Referred } from "./refer-to.ts";
import { type ReferralEvent, type ReferralState, referralStates } from "./referral-states.ts";
import { SipError } from "./sip-error.ts";
import { formatNameAddr } from "./uri.ts";

export interface ReferOptions extends Referred {
  /** Of the REFER itself. */
  readonly headers?: ExtraHeaders;
  /** Sent as Referred-By (RFC 3892). */
  readonly referredBy?: NameAddr;
  /** False asks the peer not to report (RFC 4488); it may do so all the same. */
  readonly reports?: boolean;
  /** Each status the peer reports, the final one too. */
  onProgress?(status: number, reason: string): void;
  /** Aborting ends the wait, with SipError 487; the peer's next report is answered 481, which ends them (RFC 3515 §2.4.4). */
  readonly signal?: AbortSignal;
}

export interface ReferralsOptions {
  readonly core: Core;
  /** Sends the REFER; resolves with its final response. */
  send(headers: Partial<SipHeaders>): Promise<SipResponse>;
  /** Called when nothing more is expected. */
  onIdle(): void;
}

/** How long we wait for the outcome when the peer does not say how long it will report, seconds. */
const DEFAULT_EXPIRES_S = 180;

interface Referral {
  /** Its number; unknown while a NOTIFY may overtake the 202. */
  seq: number | undefined;
  expiresS: number;
  readonly machine: Machine<ReferralState, ReferralEvent>;
  readonly options: ReferOptions;
  readonly outcome: PromiseWithResolvers<number>;
}

/** The REFERs sent in one dialog and not yet heard the end of. */
export class Referrals {
  readonly #options: ReferralsOptions;
  readonly #open: Referral[] = [];

  constructor(options: ReferralsOptions) {
    this.#options = options;
  }

  get idle(): boolean {
    return this.#open.length === 0;
  }

  /** Resolves with the final status the peer reports, or its 2xx when it will not report (RFC 4488). Throws SipError. */
  async refer(target: SipUri, options: ReferOptions): Promise<number> {
    options.signal?.throwIfAborted();
    const referral = this.#start(options);
    const sent = this.#options.send({
      ...extraHeaders(options.headers),
      ...(options.reports === false && { "refer-sub": "false" }),
      ...(options.referredBy && { "referred-by": formatNameAddr(options.referredBy) }),
      "refer-to": formatReferTo(target, options),
    });
    void sent.then((response) => answered(referral, response));
    // The last report may overtake the 202.
    return referral.outcome.promise;
  }

  /** Takes a NOTIFY about one of our REFERs; false when we wait for none such. */
  receive(notify: SipRequest): boolean {
    const { name, id } = eventOf(notify);
    if (name !== "refer") return false;
    const seq = Number(id);
    const referral =
      this.#open.find((open) => id === undefined || open.seq === seq) ??
      this.#open.find((open) => open.seq === undefined);
    if (referral) this.#progress(referral, notify);
    return referral !== undefined;
  }

  /** Nobody will report any more. */
  stop(): void {
    for (const { machine, outcome } of [...this.#open]) {
      outcome.reject(new SipError(481, "The call has ended"));
      machine.send("gone");
    }
  }

  #start(options: ReferOptions): Referral {
    const outcome = Promise.withResolvers<number>();
    outcome.promise.catch(() => undefined);
    const onAbort = () => {
      outcome.reject(new SipError(487, "Cancelled"));
      referral.machine.send("gone");
    };
    const { t1 } = this.#options.core.timers;
    const machine = new Machine(
      referralStates({ t1, reportMs: () => 1000 * referral.expiresS }),
      "asked",
      (state) => {
        if (state !== "over") return;
        outcome.reject(new SipError(408, "The peer did not say how the transfer went"));
        options.signal?.removeEventListener("abort", onAbort);
        this.#open.splice(this.#open.indexOf(referral), 1);
        this.#options.onIdle();
      },
    );
    const referral: Referral = { seq: undefined, expiresS: DEFAULT_EXPIRES_S, machine, options, outcome };
    this.#open.push(referral);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    return referral;
  }

  #progress(referral: Referral, notify: SipRequest): void {
    const { machine, options, outcome } = referral;
    const { value, params } = parseParameters(textHeader(notify, "subscription-state") ?? "");
    const report = sipfrag(notify);
    if (report) options.onProgress?.(report.status, report.reason);
    if (report && report.status >= 200) outcome.resolve(report.status);
    if (value.toLowerCase() === "terminated") {
      outcome.reject(new SipError(408, "The peer stopped reporting"));
      machine.send("gone");
      return;
    }
    const expiresS = seconds(params.get("expires")) ?? DEFAULT_EXPIRES_S;
    referral.expiresS = Math.min(expiresS, DEFAULT_EXPIRES_S);
    machine.send(report && report.status >= 200 ? "outcome" : "report");
  }
}

function answered(referral: Referral, response: SipResponse): void {
  const { status, reason } = response;
  referral.seq = response.headers.cseq.seq;
  if (status >= 300) {
    referral.outcome.reject(new SipError(status, reason, { response }));
    referral.machine.send("gone");
  } else if (/^\s*false\b/i.test(textHeader(response, "refer-sub") ?? "")) {
    referral.outcome.resolve(status);
    referral.machine.send("gone");
  }
}

/** The status line in a message/sipfrag body (RFC 3420). */
function sipfrag(notify: SipRequest): { status: number; reason: string } | undefined {
  if (mediaType(notify) !== "message/sipfrag") return undefined;
  const [, digits, reason = ""] = /^SIP\/2\.0 ([1-6]\d\d)(?: ([^\r\n]*))?/i.exec(notify.content) ?? [];
  return digits === undefined ? undefined : { status: Number(digits), reason };
}
