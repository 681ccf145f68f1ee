/** What the owner of a leg says to the other end of a call within this process; its failures are nobody else's. */

import type { InDialogAnswer, Leg } from "#sip/leg.ts";
import { answerTo } from "#sip/leg-session.ts";
import type { Sdp, SipRequest } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";

export class LocalOwner {
  readonly #onError: (error: Error) => void;

  /** `onError` hears what a callback threw without meaning a status by it; a process warning when missing. */
  constructor(onError: (error: Error) => void = (error) => process.emitWarning(error)) {
    this.#onError = onError;
  }

  tell(callback: () => void): void {
    try {
      callback();
    } catch (cause) {
      this.statusOf(cause);
    }
  }

  /** Its answer to an offer, or the status to refuse it with. */
  answer(leg: Leg, offer: Sdp): Promise<Sdp | number> {
    return answerTo({ agreement: leg, core: this, leg }, offer);
  }

  /** Its answer to any other request; to one it does not take, that of a leg of SIP. */
  async ask({ handlers }: Leg, request: SipRequest): Promise<InDialogAnswer> {
    const { method, content } = request;
    if (method === "OPTIONS") return { status: 200 };
    try {
      const answer = await handlers.onRequest?.(request);
      if (answer) return answer;
    } catch (cause) {
      return { status: this.statusOf(cause) };
    }
    if (method !== "INFO") return { status: 501 };
    return { status: content === "" ? 200 : 415 };
  }

  /** The status for what a callback threw, as Core.statusOf. */
  statusOf(thrown: unknown): number {
    if (thrown instanceof SipError) return thrown.status;
    this.#onError(new Error("owner failed", { cause: thrown }));
    return 500;
  }
}
