/** Our requests until their final response: challenges answered, time limits kept, and nobody left waiting when the sockets close. */
import { Alarm } from "./alarm.ts";
import { sendAuthenticated } from "./authenticated.ts";
import { shown, type Wallet } from "./credentials.ts";
import type { Hop, SipHeaders, SipRequest, SipResponse } from "./message.ts";
import { makeUp } from "./response.ts";
import type { ClientTransaction, Stack } from "./stack.ts";

/** How a request goes out beside what is in it. */
export interface SendOptions {
  /** In a dialog: the CSeq number for a request sent again with credentials, `() => dialog.nextSeq()`. */
  readonly nextSeq?: () => number;
  /** Where to, whatever its Route and URI say. */
  readonly hop?: Hop;
}

export interface ExchangeOptions extends SendOptions {
  /** Without a final response by then the request counts as answered 408. */
  readonly timeoutMs?: number | undefined;
}

/** A request that has no final response, and who waits for one. */
interface Unanswered {
  readonly request: SipRequest;
  readonly onResponse: (response: SipResponse) => void;
}

export class Asking {
  readonly #stack: Stack;
  readonly #wallet: Wallet;
  readonly #unanswered = new Set<Unanswered>();
  /** The credentials in the request that a response answers. */
  readonly #shown = new WeakMap<SipResponse, Partial<SipHeaders>>();

  constructor(stack: Stack, wallet: Wallet) {
    this.#stack = stack;
    this.#wallet = wallet;
  }

  /**
   * Sends, and answers challenges of our own servers by itself; every other response is reported, and a final one even
   * when the sockets close first (503). The CSeq to go on with is that of the response.
   */
  send(
    request: SipRequest,
    onResponse: (response: SipResponse) => void,
    options: SendOptions = {},
  ): ClientTransaction {
    const sent: Unanswered = { request, onResponse };
    this.#unanswered.add(sent);
    return sendAuthenticated(request, {
      ...options,
      stack: this.#stack,
      wallet: this.#wallet,
      onResponse: (response, answered) => {
        if (response.status >= 200) this.#unanswered.delete(sent);
        const credentials = shown(answered);
        if (credentials) this.#shown.set(response, credentials);
        onResponse(response);
      },
    });
  }

  /** For the ACK to this 2xx: the credentials its INVITE had (§22.1). */
  credentialsFor(response: SipResponse): Partial<SipHeaders> {
    return this.#shown.get(response) ?? {};
  }

  /** Sends a request other than INVITE; resolves with its final response or a 408 of our own, never rejects. */
  exchange(request: SipRequest, { timeoutMs, ...options }: ExchangeOptions = {}): Promise<SipResponse> {
    const { promise, resolve } = Promise.withResolvers<SipResponse>();
    const clock = new Alarm();
    if (timeoutMs !== undefined) clock.set(timeoutMs, () => resolve(makeUp(request, 408)));
    const onResponse = (response: SipResponse) => {
      if (response.status < 200) return;
      clock.stop();
      resolve(response);
    };
    this.send(request, onResponse, options);
    return promise;
  }

  /** Answers 503 to whoever still waits. */
  abandon(): void {
    for (const { request, onResponse } of this.#unanswered) onResponse(makeUp(request, 503, "Closed"));
    this.#unanswered.clear();
  }
}
