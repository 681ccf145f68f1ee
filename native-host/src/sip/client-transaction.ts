/** Client transactions: a request until its final response (RFC 3261 §17.1, RFC 6026 §8.4). */
import type { ClientEvent, ClientState, ClientTable } from "./client-states.ts";
import { Waiting } from "./forgetful.ts";
import { Machine } from "./machine.ts";
import { type Hop, isReliable, type SipRequest, type SipResponse } from "./message.ts";
import { makeUp } from "./response.ts";
import { SipError } from "./sip-error.ts";
import { type ClientTransaction, newBranch } from "./transaction.ts";

/** What a client transaction needs of the stack. */
export interface ClientHome {
  states(method: string, reliable: boolean): ClientTable;
  /** Sends a request as it stands; never throws. */
  transmit(request: SipRequest, hop: Hop, onFailed: (error: SipError) => void): void;
  /** A request as it is written, and sends that once more; neither throws. */
  textOf(request: SipRequest): string | undefined;
  again(text: string, hop: Hop): void;
  /** Sends the CANCEL of an INVITE in a transaction of its own. */
  cancel(cancel: SipRequest, hop: Hop, branch: string): void;
  /** The final response has gone up. */
  answered(client: Client): void;
  ended(client: Client): void;
}

export interface ClientOptions {
  readonly branch?: string;
  onResponse(response: SipResponse): void;
}

/** A request on its way. */
interface Sent {
  readonly request: SipRequest;
  readonly hop: Hop;
}

/** Has its branch from the start, its Via and its clocks once it is known where it goes. */
export class Client extends Waiting implements ClientTransaction {
  readonly branch: string;
  readonly method: string;
  readonly #home: ClientHome;
  /** These three are let go of when there is nothing more to say to the owner. */
  #onResponse: ((response: SipResponse) => void) | undefined;
  #request: SipRequest | undefined;
  #sent: Sent | undefined;
  #hop: Hop | undefined;
  #machine: Machine<ClientState, ClientEvent> | undefined;
  /** The ACK of a refusal, for its copies. */
  #ack: string | undefined;
  #cancelled = false;
  #cancelReason: string | undefined;
  #cancelSent = false;
  #progressed = false;
  #answered = false;
  #response: SipResponse | undefined;
  #failure: SipError | undefined;

  constructor(request: SipRequest, home: ClientHome, { branch = newBranch(), onResponse }: ClientOptions) {
    super();
    this.branch = branch;
    this.method = request.method;
    this.#request = request;
    this.#home = home;
    this.#onResponse = onResponse;
  }

  get hop(): Hop | undefined {
    return this.#hop;
  }

  /** Whether there was a final response, ours or theirs. */
  get isAnswered(): boolean {
    return this.#answered;
  }

  /** Sends `request`, which is ours with its Via, to `hop`. */
  start(request: SipRequest, hop: Hop): void {
    if (this.#answered) return;
    if (this.#cancelled) {
      this.#finish(487);
      return;
    }
    const table = this.#home.states(request.method, isReliable(hop.protocol));
    const start = request.method === "INVITE" ? "calling" : "trying";
    this.#sent = { request, hop };
    this.#hop = hop;
    this.#machine = new Machine(table, start, (state, event) => this.#entered(state, event));
    this.#transmit(request, hop);
  }

  receive(response: SipResponse): void {
    this.#response = response;
    this.#machine?.send(eventOf(response.status));
    this.#response = undefined;
  }

  cancel(reason?: string): void {
    if (this.method !== "INVITE") return;
    this.#cancelled = true;
    this.#cancelReason ??= reason;
    if (this.#machine) this.#machine.send("cancel");
    // Nobody has heard of it: there is nothing to wait for, but its owner is not called back at once.
    else queueMicrotask(() => this.#machine || this.#finish(487));
  }

  /** A connection is gone; matters to whoever still waits for a final response over it. */
  disconnected({ protocol, address, port }: Hop): void {
    const hop = this.#hop;
    if (this.#answered || !hop || !isReliable(protocol)) return;
    if (hop.protocol !== protocol || hop.address !== address || hop.port !== port) return;
    this.fail(new SipError(503, "Connection Closed"));
  }

  /** Gives up: an owner that has no final response yet gets a made-up one. */
  fail(error: SipError): void {
    this.#failure = error;
    if (this.#machine) this.#machine.send("failed");
    else this.#finish(error.status, error.reason);
  }

  /** Waits no longer for copies of its final response. */
  forget(): void {
    this.#machine?.send("done");
  }

  #transmit(request: SipRequest, hop: Hop): void {
    this.#home.transmit(request, hop, (error) => this.fail(error));
  }

  #entered(state: ClientState, event: ClientEvent): void {
    if (event === "resend" && this.#sent) this.#transmit(this.#sent.request, this.#sent.hop);
    if (event === "cancel" || event === "provisional") this.#sendCancel(state);
    if (event === "provisional" || event === "accepted" || event === "rejected") this.#pass(state);
    if (event === "timeout") this.#timeOut();
    if (event === "failed") this.#makeUp(503, this.#failure?.reason);
    if (state === "terminated") this.#end();
  }

  /** Its owner may keep it as long as its call. */
  #end(): void {
    this.#machine = undefined;
    this.#onResponse = undefined;
    this.#request = undefined;
    this.#sent = undefined;
    this.#failure = undefined;
    this.#home.ended(this);
  }

  /** Every 1xx and every 2xx of an INVITE goes up; of other finals only the first does. */
  #pass(state: ClientState): void {
    const response = this.#response;
    if (!response) return;
    const known = this.#answered;
    // An ACK that cannot be sent ends it at once, and must not take the answer from the owner.
    const tell = this.#onResponse;
    if (response.status >= 200) this.#answered = true;
    else this.#progressed = true;
    if (state === "completed" && this.method === "INVITE") this.#acknowledge(response);
    if (state === "completed" && known) return;
    tell?.(response);
    if (this.#answered && !known) this.#settle(state);
  }

  /** What waits for copies half a minute does not keep the request, and only with a 2xx to an INVITE its owner. */
  #settle(state: ClientState): void {
    this.#request = undefined;
    this.#sent = undefined;
    if (state === "completed") this.#onResponse = undefined;
    this.#home.answered(this);
  }

  #timeOut(): void {
    // Whoever still rings after all this time should stop (RFC 3261 §16.8).
    if (this.#progressed && this.method === "INVITE") this.#sendCancel("cancelling");
    this.#makeUp(408);
  }

  #makeUp(status: number, reason?: string): void {
    if (this.#answered || !this.#request) return;
    this.#answered = true;
    this.#onResponse?.(makeUp(this.#request, status, reason));
  }

  #finish(status: number, reason?: string): void {
    this.#makeUp(status, reason);
    this.#end();
  }

  #sendCancel(state: ClientState): void {
    if (state !== "cancelling" || this.#cancelSent || !this.#sent) return;
    this.#cancelSent = true;
    const { request, hop } = this.#sent;
    this.#home.cancel(cancelFor(request, this.#cancelReason), hop, this.branch);
  }

  #acknowledge(response: SipResponse): void {
    if (this.#sent) {
      const { request, hop } = this.#sent;
      const ack = ackFor(request, response);
      this.#transmit(ack, hop);
      this.#ack = this.#home.textOf(ack);
    } else if (this.#ack !== undefined && this.#hop) this.#home.again(this.#ack, this.#hop);
  }
}

function eventOf(status: number): ClientEvent {
  if (status < 200) return "provisional";
  return status < 300 ? "accepted" : "rejected";
}

/** The ACK of a non-2xx belongs to the transaction: same branch, same way (RFC 3261 §17.1.1.3). */
function ackFor(request: SipRequest, response: SipResponse): SipRequest {
  return sibling(request, "ACK", { to: response.headers.to });
}

/** A CANCEL says why where that is known (RFC 3326 §2). */
function cancelFor(request: SipRequest, reason: string | undefined): SipRequest {
  return sibling(request, "CANCEL", reason === undefined ? {} : { reason });
}

function sibling(request: SipRequest, method: string, change: Partial<SipRequest["headers"]>): SipRequest {
  const { via, from, to, route, cseq, "call-id": callId } = request.headers;
  return {
    method,
    uri: request.uri,
    headers: {
      via: via.slice(0, 1),
      "max-forwards": "70",
      from,
      to,
      "call-id": callId,
      cseq: { seq: cseq.seq, method },
      ...(route ? { route } : {}),
      ...change,
    },
    content: "",
  };
}
