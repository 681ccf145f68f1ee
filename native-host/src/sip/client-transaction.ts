/** Client transactions: a request until its final response (RFC 3261 §17.1, RFC 6026 §8.4). */
import { Machine, type Table } from "./machine.ts";
import { type Hop, isReliable, type SipRequest, type SipResponse } from "./message.ts";
import { makeUp } from "./response.ts";
import { SipError } from "./sip-error.ts";
import { giveUpAfterMs, type Timers } from "./timers.ts";
import { type ClientTransaction, newBranch } from "./transaction.ts";

export type ClientState =
  | "calling"
  | "told-to-cancel"
  | "trying"
  | "proceeding"
  | "cancelling"
  | "accepted"
  | "completed"
  | "terminated";
export type ClientEvent =
  | "provisional"
  | "accepted"
  | "rejected"
  | "cancel"
  | "resend"
  | "timeout"
  | "failed"
  | "done";

type ClientTable = Table<ClientState, ClientEvent>;

/** How long an INVITE may ring: timer C (RFC 3261 §16.6 step 11). */
const TIMER_C = 185_000;
const UNUSED = { on: {} } as const;

/**
 *     calling ──1xx──▶ proceeding ──cancel──▶ cancelling
 *        ├──2xx──▶ accepted (64*T1, every 2xx goes up) ──▶ terminated
 *        └──3xx-6xx──▶ completed (each one gets its ACK) ──▶ terminated
 */
export function inviteClientStates(timers: Timers, reliable: boolean): ClientTable {
  const finals = {
    accepted: "accepted",
    rejected: "completed",
    timeout: "terminated",
    failed: "terminated",
  } as const;
  const giveUp = { ms: giveUpAfterMs(timers), event: "timeout" } as const;
  const resend = { ms: timers.t1, capMs: Number.POSITIVE_INFINITY, event: "resend" } as const;
  return {
    calling: {
      on: { provisional: "proceeding", cancel: "told-to-cancel", resend: "calling", ...finals },
      after: giveUp,
      ...(reliable ? {} : { again: resend }),
    },
    // A CANCEL must not overtake its INVITE: it waits for a 1xx (§9.1).
    "told-to-cancel": {
      on: { provisional: "cancelling", resend: "told-to-cancel", ...finals },
      after: "same",
      again: "same",
    },
    proceeding: {
      on: { provisional: "proceeding", cancel: "cancelling", ...finals },
      after: { ms: TIMER_C, event: "timeout" },
      rewind: "provisional",
    },
    cancelling: { on: { provisional: "cancelling", ...finals }, after: giveUp },
    accepted: {
      on: { accepted: "accepted", failed: "terminated", done: "terminated" },
      after: { ...giveUp, event: "done" },
    },
    completed: {
      on: { rejected: "completed", failed: "terminated", done: "terminated" },
      after: { ms: reliable ? 0 : Math.max(32_000, giveUp.ms), event: "done" },
    },
    trying: UNUSED,
    terminated: UNUSED,
  };
}

/**
 *     trying ──1xx──▶ proceeding ──2xx-6xx──▶ completed (T4, absorbs copies) ──▶ terminated
 *        └──────────────2xx-6xx──────────────────▲
 */
export function requestClientStates(timers: Timers, reliable: boolean): ClientTable {
  const on = {
    accepted: "completed",
    rejected: "completed",
    timeout: "terminated",
    failed: "terminated",
  } as const;
  const resend = { ms: timers.t1, capMs: timers.t2, event: "resend" } as const;
  return {
    trying: {
      on: { provisional: "proceeding", resend: "trying", ...on },
      after: { ms: giveUpAfterMs(timers), event: "timeout" },
      ...(reliable ? {} : { again: resend }),
    },
    proceeding: {
      on: { provisional: "proceeding", resend: "proceeding", ...on },
      after: "same",
      ...(reliable ? {} : { again: { ...resend, ms: timers.t2, keeps: true } }),
    },
    completed: {
      on: { failed: "terminated", done: "terminated" },
      after: { ms: reliable ? 0 : timers.t4, event: "done" },
    },
    calling: UNUSED,
    "told-to-cancel": UNUSED,
    cancelling: UNUSED,
    accepted: UNUSED,
    terminated: UNUSED,
  };
}

/** What a client transaction needs of the stack. */
export interface ClientWiring {
  states(method: string, reliable: boolean): ClientTable;
  /** Sends a request as it stands; never throws. */
  transmit(request: SipRequest, hop: Hop, onFailed: (error: SipError) => void): void;
  /** Sends the CANCEL in a transaction of its own. */
  cancel(cancel: SipRequest, hop: Hop): void;
  onResponse(response: SipResponse): void;
  onEnd(): void;
}

/** Has its branch from the start, its Via and its clocks once it is known where it goes. */
export class Client implements ClientTransaction {
  readonly branch: string;
  readonly #request: SipRequest;
  readonly #wiring: ClientWiring;
  #sent:
    | { readonly request: SipRequest; readonly hop: Hop; readonly machine: Machine<ClientState, ClientEvent> }
    | undefined;
  #cancelled = false;
  #cancelSent = false;
  #progressed = false;
  #answered = false;
  #response: SipResponse | undefined;
  #failure: SipError | undefined;

  constructor(request: SipRequest, wiring: ClientWiring, branch = newBranch()) {
    this.#request = request;
    this.#wiring = wiring;
    this.branch = branch;
  }

  get hop(): Hop | undefined {
    return this.#sent?.hop;
  }

  /** Sends `request`, which is ours with its Via, to `hop`. */
  start(request: SipRequest, hop: Hop): void {
    if (this.#answered) return;
    if (this.#cancelled) {
      this.#finish(makeUp(this.#request, 487));
      return;
    }
    const invite = request.method === "INVITE";
    const table = this.#wiring.states(request.method, isReliable(hop.protocol));
    const machine = new Machine(table, invite ? "calling" : "trying", (state, event) =>
      this.#entered(state, event),
    );
    this.#sent = { request, hop, machine };
    this.#transmit(request);
  }

  receive(response: SipResponse): void {
    this.#response = response;
    this.#sent?.machine.send(eventOf(response.status));
  }

  cancel(): void {
    if (this.#request.method !== "INVITE") return;
    this.#cancelled = true;
    if (this.#sent) this.#sent.machine.send("cancel");
    // Nobody has heard of it: there is nothing to wait for, but its owner is not called back at once.
    else queueMicrotask(() => this.#sent || this.#finish(makeUp(this.#request, 487)));
  }

  /** A connection is gone; matters to whoever still waits for a final response over it. */
  disconnected({ protocol, address, port }: Hop): void {
    if (this.#answered || !this.#sent || !isReliable(protocol)) return;
    const { hop } = this.#sent;
    if (hop.protocol !== protocol || hop.address !== address || hop.port !== port) return;
    this.fail(new SipError(503, "Connection Closed"));
  }

  /** Gives up: an owner that has no final response yet gets a made-up one. */
  fail(error: SipError): void {
    this.#failure = error;
    if (this.#sent) {
      this.#sent.machine.send("failed");
      return;
    }
    this.#finish(makeUp(this.#request, error.status, error.reason));
  }

  #transmit(request: SipRequest): void {
    if (this.#sent) this.#wiring.transmit(request, this.#sent.hop, (error) => this.fail(error));
  }

  #entered(state: ClientState, event: ClientEvent): void {
    if (event === "resend" && this.#sent) this.#transmit(this.#sent.request);
    if (event === "cancel" || event === "provisional") this.#sendCancel(state);
    if (event === "provisional" || event === "accepted" || event === "rejected") this.#pass(state);
    if (event === "timeout") this.#timeOut();
    if (event === "failed") this.#deliver(makeUp(this.#request, 503, this.#failure?.reason));
    if (state === "terminated") this.#wiring.onEnd();
  }

  /** Every 1xx and every 2xx of an INVITE goes up; of other finals only the first does. */
  #pass(state: ClientState): void {
    const response = this.#response;
    if (!response) return;
    const known = this.#answered;
    if (response.status >= 200) this.#answered = true;
    else this.#progressed = true;
    if (state === "completed" && this.#request.method === "INVITE") this.#acknowledge(response);
    if (state !== "completed" || !known) this.#wiring.onResponse(response);
  }

  #timeOut(): void {
    // Whoever still rings after all this time should stop (RFC 3261 §16.8).
    if (this.#progressed && this.#request.method === "INVITE") this.#sendCancel("cancelling");
    this.#deliver(makeUp(this.#request, 408));
  }

  #deliver(response: SipResponse): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#wiring.onResponse(response);
  }

  #finish(response: SipResponse): void {
    this.#deliver(response);
    this.#wiring.onEnd();
  }

  #sendCancel(state: ClientState): void {
    if (state !== "cancelling" || this.#cancelSent || !this.#sent) return;
    this.#cancelSent = true;
    this.#wiring.cancel(cancelFor(this.#sent.request), this.#sent.hop);
  }

  #acknowledge(response: SipResponse): void {
    if (this.#sent) this.#transmit(ackFor(this.#sent.request, response));
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

function cancelFor(request: SipRequest): SipRequest {
  return sibling(request, "CANCEL", {});
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
