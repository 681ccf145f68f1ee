/** Whether a SIP phone is there, as its last answer says; it is asked only when somebody wants to know. */

import type { SipUri } from "../sip/message.ts";
import type { DeviceReadiness } from "./device.ts";
import type { Requester } from "./reachable.ts";

const ASK_WITHIN_MS = 400;
/** A phone that is to be called has longer: four tries, where every fifth message is lost. */
const WAKE_WITHIN_MS = 4000;
/** An answer is good for this long. */
const FRESH_MS = 5000;

export class Readiness {
  /** Nobody asked it yet: an INVITE will tell. */
  state: DeviceReadiness = "ready";
  readonly #requester: Requester | undefined;
  readonly #uri: SipUri;
  #asking: Promise<void> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(uri: SipUri, requester: Requester | undefined) {
    this.#uri = uri;
    this.#requester = requester;
  }

  /** Sends OPTIONS (RFC 3261 §11) unless that was done just now; resolves when it is answered or overdue, after 400 ms. */
  check(): Promise<void> {
    if (!this.#requester || performance.now() - this.#askedAt < FRESH_MS) return Promise.resolve();
    this.#asking ??= this.#ask(this.#requester, ASK_WITHIN_MS).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Whether it is there, before it is called: else an INVITE would wait half a minute for nobody. */
  async isThere(): Promise<boolean> {
    const fresh = performance.now() - this.#askedAt < FRESH_MS && this.state === "ready";
    if (this.#requester && !fresh) await this.#ask(this.#requester, WAKE_WITHIN_MS);
    return this.state !== "offline";
  }

  /** A call said whether it is there. */
  seen(state: DeviceReadiness): void {
    this.state = state;
    this.#askedAt = performance.now();
  }

  async #ask(requester: Requester, timeoutMs: number): Promise<void> {
    const { status } = await requester.request("OPTIONS", this.#uri, { timeoutMs });
    // Whatever else it answers, it is there: many phones refuse OPTIONS.
    this.seen(status === 408 || status === 503 ? "offline" : "ready");
  }
}
