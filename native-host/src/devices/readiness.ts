/** Whether a SIP phone is there, as its last answer says; it is asked only when somebody wants to know. */

import type { SipUri } from "../sip/message.ts";
import type { DeviceReadiness } from "./device.ts";
import type { Requester } from "./reachable.ts";

const ASK_WITHIN_MS = 400;
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
    this.#asking ??= this.#ask(this.#requester).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** A call said whether it is there. */
  seen(state: DeviceReadiness): void {
    this.state = state;
    this.#askedAt = performance.now();
  }

  async #ask(requester: Requester): Promise<void> {
    const { status } = await requester.request("OPTIONS", this.#uri, { timeoutMs: ASK_WITHIN_MS });
    // Whatever else it answers, it is there: many phones refuse OPTIONS.
    this.seen(status === 408 || status === 503 ? "offline" : "ready");
  }
}
