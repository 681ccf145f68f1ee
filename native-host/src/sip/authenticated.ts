/** A request that answers the challenges it meets, each in a transaction of its own; its owner sees one (RFC 3261 §22.2). */
import { Challenged, type Wallet } from "./credentials.ts";
import type { Hop, SipRequest, SipResponse } from "./message.ts";
import type { ClientTransaction, Stack } from "./stack.ts";

export interface AuthenticatedOptions {
  readonly stack: Stack;
  readonly wallet: Wallet;
  /** The next CSeq number of the dialog; one higher than the last where there is none. */
  readonly nextSeq?: (() => number) | undefined;
  readonly hop?: Hop | undefined;
  /** Every response but the challenges that were answered, with the request it is to. */
  onResponse(response: SipResponse, request: SipRequest): void;
}

/** Sends as `stack.send` does; never calls back before it has returned. */
export function sendAuthenticated(request: SipRequest, options: AuthenticatedOptions): ClientTransaction {
  const { stack, wallet, hop, onResponse } = options;
  if (wallet.isEmpty) return stack.send(request, (response) => onResponse(response, request), hop);
  return new AuthenticatedRequest(request, options);
}

class AuthenticatedRequest implements ClientTransaction {
  readonly #options: AuthenticatedOptions;
  readonly #challenged = new Challenged();
  #request: SipRequest;
  #transaction: ClientTransaction;
  #cancelled = false;

  constructor(request: SipRequest, options: AuthenticatedOptions) {
    this.#options = options;
    this.#request = request;
    this.#transaction = this.#send();
  }

  get branch(): string {
    return this.#transaction.branch;
  }

  get hop(): Hop | undefined {
    return this.#transaction.hop;
  }

  cancel(reason?: string): void {
    this.#cancelled = true;
    this.#transaction.cancel(reason);
  }

  #send(): ClientTransaction {
    const request = this.#request;
    return this.#options.stack.send(
      request,
      (response) => this.#receive(response, request),
      this.#options.hop,
    );
  }

  #receive(response: SipResponse, request: SipRequest): void {
    const { wallet, onResponse } = this.#options;
    // A challenge that was answered may come again; what counts is the answer to the last request.
    if (request !== this.#request) return;
    const { hop } = this.#transaction;
    if (hop) wallet.wentTo(request, hop);
    const headers = this.#cancelled ? undefined : wallet.answer(request, response, this.#challenged);
    if (!headers) {
      onResponse(response, request);
      return;
    }
    const seq = this.#options.nextSeq?.() ?? request.headers.cseq.seq + 1;
    const cseq = { ...request.headers.cseq, seq };
    this.#request = { ...request, headers: { ...request.headers, ...headers, cseq } };
    this.#transaction = this.#send();
  }
}
