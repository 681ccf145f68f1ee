/** Requests of a call's far end that no part of the service knows: whoever asked for their method answers them. */

import type { InDialogAnswer, LegHandlers } from "../sip/leg.ts";
import type { SipRequest } from "../sip/message.ts";
import type { IncomingMessage } from "../sip/message-request.ts";

type Answer = (request: SipRequest) => Promise<InDialogAnswer>;

export class FarRequests {
  /** Set by the owner of the leg: other methods are answered now. */
  onChange: () => void = () => undefined;
  readonly #answers = new Map<string, Answer>();

  /** Answers that method until the function returned is called; a newer one takes its place. */
  add(method: string, answer: Answer): () => void {
    this.#answers.set(method, answer);
    this.onChange();
    return () => {
      if (this.#answers.get(method) !== answer) return;
      this.#answers.delete(method);
      this.onChange();
    };
  }

  /** For the far leg; nothing while nobody asks, so that the usual refusals stand. */
  get handlers(): Pick<LegHandlers, "onRequest" | "onMessage"> {
    if (this.#answers.size === 0) return {};
    const message = this.#answers.get("MESSAGE");
    return {
      onRequest: (request) => this.#answer(request),
      ...(message && { onMessage: (incoming) => void answerMessage(incoming, message) }),
    };
  }

  async #answer(request: SipRequest): Promise<InDialogAnswer> {
    const answer = this.#answers.get(request.method);
    if (answer) return answer(request);
    // As without us: an empty INFO is a sign of life, another must be understood (RFC 6086 §4.2.2).
    if (request.method !== "INFO") return { status: 501 };
    return { status: request.content === "" ? 200 : 415 };
  }
}

async function answerMessage(incoming: IncomingMessage, answer: Answer): Promise<void> {
  const { status, reason } = await answer(incoming.request).catch(() => ({ status: 500, reason: undefined }));
  if (status >= 200 && status < 300) incoming.accept(status === 202 ? 202 : 200);
  else incoming.reject(status, reason);
}
