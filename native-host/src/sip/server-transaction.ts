/** Server transactions: a request until its final response is safely with the peer (RFC 3261 §17.2, RFC 6026 §8.5). */
import { Answered, type AnsweredHome } from "./answered.ts";
import { apart } from "./bytes.ts";
import { Machine, type Table } from "./machine.ts";
import type { Hop, SipRequest, SipResponse } from "./message.ts";
import { buildResponse, withTag } from "./response.ts";
import { giveUpAfterMs, type Timers } from "./timers.ts";
import { type ServerTransaction, serverKey } from "./transaction.ts";

export type ServerState = "fresh" | "proceeding" | "accepted" | "completed" | "confirmed" | "terminated";
export type ServerEvent =
  | "request"
  | "progress"
  | "accept"
  | "reject"
  | "trying"
  | "resend"
  | "ack"
  | "unanswered"
  | "done"
  | "closed";

type ServerTable = Table<ServerState, ServerEvent>;

/** An INVITE that gets nothing within this time gets a 100 (RFC 3261 §17.2.1). */
const TRYING_AFTER_MS = 200;
/**
 * An owner that says nothing for this long has lost the INVITE (RFC 3261 §13.3.1.1): longer than a proxy takes to see
 * that nobody answers, which is timer C and then 64*T1 for the CANCEL (§16.8).
 */
const UNANSWERED_AFTER_MS = 220_000;

/**
 *     fresh ──200 ms or 1xx──▶ proceeding ──2xx──▶ accepted (64*T1, absorbs copies) ──▶ terminated
 *        └────────────────────────┴──3xx-6xx──▶ completed ──ACK──▶ confirmed ──▶ terminated
 */
export function inviteServerStates(timers: Timers, reliable: boolean): ServerTable {
  const answers = {
    progress: "proceeding",
    accept: "accepted",
    reject: "completed",
    closed: "terminated",
  } as const;
  const done = { ms: giveUpAfterMs(timers), event: "done" } as const;
  const over = { done: "terminated", closed: "terminated" } as const;
  return {
    fresh: { on: { trying: "proceeding", ...answers }, after: { ms: TRYING_AFTER_MS, event: "trying" } },
    proceeding: {
      on: { request: "proceeding", unanswered: "proceeding", ...answers },
      after: { ms: UNANSWERED_AFTER_MS, event: "unanswered" },
      rewind: "progress",
    },
    accepted: { on: { accept: "accepted", ack: "accepted", ...over }, after: done },
    completed: {
      on: { request: "completed", resend: "completed", ack: "confirmed", ...over },
      after: done,
      ...(reliable ? {} : { again: { ms: timers.t1, capMs: timers.t2, event: "resend" } }),
    },
    confirmed: { on: { ack: "confirmed", ...over }, after: { ms: reliable ? 0 : timers.t4, event: "done" } },
    terminated: { on: {} },
  };
}

/**
 *     fresh ──1xx──▶ proceeding ──2xx-6xx──▶ completed (64*T1, answers copies) ──▶ terminated
 *        └──────────────2xx-6xx──────────────────▲
 */
export function requestServerStates(timers: Timers, reliable: boolean): ServerTable {
  const giveUpMs = giveUpAfterMs(timers);
  const on = {
    progress: "proceeding",
    accept: "completed",
    reject: "completed",
    // Too late for a 408 to help anybody (RFC 4320 §4.2).
    done: "terminated",
    closed: "terminated",
  } as const;
  return {
    fresh: { on: { request: "fresh", ...on }, after: { ms: giveUpMs, event: "done" } },
    proceeding: { on: { request: "proceeding", ...on }, after: "same" },
    completed: {
      on: { request: "completed", done: "terminated", closed: "terminated" },
      after: { ms: reliable ? 0 : giveUpMs, event: "done" },
    },
    accepted: { on: {} },
    confirmed: { on: {} },
    terminated: { on: {} },
  };
}

/** What a server transaction needs of the stack. */
export interface ServerHome extends AnsweredHome {
  /**
   * Sends a response to a request back the way it, or its last copy, came; never throws. Returns it as it was written,
   * undefined when it cannot be.
   */
  transmit(response: SipResponse, request: SipRequest, from: Hop): string | undefined;
  /** It has its final response: from now on copies and ACKs are for `answered`. */
  answered(key: string, answered: Answered): void;
}

export interface ServerOptions {
  /** By which its home knows it. */
  readonly key: string;
  readonly home: ServerHome;
  readonly table: ServerTable;
}

export class Server implements ServerTransaction {
  readonly request: SipRequest;
  readonly source: Hop;
  onCancel?: ((reason?: string) => void) | undefined;
  readonly #key: string;
  readonly #home: ServerHome;
  readonly #machine: Machine<ServerState, ServerEvent>;
  #from: Hop;
  #next: SipResponse | undefined;
  /** What a copy of the request is answered with. */
  #last: SipResponse | undefined;
  #toTag: string | undefined;
  #answered: Answered | undefined;

  constructor(request: SipRequest, source: Hop, { key, home, table }: ServerOptions) {
    this.request = request;
    this.source = source;
    this.#from = source;
    this.#key = key;
    this.#home = home;
    this.#machine = new Machine(table, "fresh", (state, event) => this.#entered(state, event));
  }

  respond(response: SipResponse): void {
    if (this.#answered) {
      this.#repeat2xx(response, this.#answered.caller);
      return;
    }
    this.#next = response;
    this.#machine.send(eventOf(response.status));
  }

  /** The same request once more; a peer that changed its port is answered there. */
  repeat(from: Hop = this.source): void {
    if (this.#answered) this.#answered.repeat(from);
    else {
      this.#from = from;
      this.#machine.send("request");
    }
  }

  /** Returns false when the ACK is for a 2xx, and so the owner's. */
  acknowledge(): boolean {
    return this.#answered?.acknowledge() ?? true;
  }

  /** RFC 3261 §9.2: only an INVITE without a final response can still be cancelled. */
  cancelled(reason?: string): void {
    if (this.#answered || this.#machine.state === "terminated") return;
    if (this.onCancel) this.onCancel(reason);
    else this.#answer(487);
  }

  /** The tag the owner has given, so that the 200 to a CANCEL can have the same (RFC 3261 §9.2). */
  get toTag(): string | undefined {
    return this.#toTag;
  }

  close(): void {
    this.#machine.send("closed");
  }

  /** An answer of the stack's own. */
  #answer(status: number): void {
    const { to } = this.request.headers;
    const tag = this.toTag;
    const tagged = tag ? { ...to, params: { ...to.params, tag } } : withTag(to, serverKey(this.request));
    this.respond(buildResponse(this.request, status, { headers: { to: tagged } }));
  }

  #repeat2xx(response: SipResponse, caller: Hop | undefined): void {
    const accepts = eventOf(response.status) === "accept";
    if (accepts && caller) this.#home.transmit(response, this.request, caller);
  }

  #entered(state: ServerState, event: ServerEvent): void {
    if (event === "progress" || event === "accept" || event === "reject") this.#heard(this.#next);
    if (event === "trying") this.#last = buildResponse(this.request, 100);
    if (event === "unanswered") this.#answer(408);
    else if (state === "terminated") this.#home.ended(this.#key);
    else if (this.#last) this.#say(this.#last, state);
  }

  #heard(response: SipResponse | undefined): void {
    this.#last = response;
    this.#toTag = response?.headers.to.params["tag"] ?? this.#toTag;
  }

  #say(response: SipResponse, state: ServerState): void {
    const written = this.#home.transmit(response, this.request, this.#from);
    if (state === "accepted" || state === "completed")
      this.#settle(state === "completed" ? written : undefined);
  }

  /** A 2xx to an INVITE is its owner's to repeat (RFC 6026 §7.1). */
  #settle(text: string | undefined): void {
    this.onCancel = undefined;
    this.#next = undefined;
    this.#last = undefined;
    const options = { key: this.#key, home: this.#home, machine: this.#machine, from: this.#from };
    this.#answered = new Answered({ ...options, text, toTag: this.#toTag && apart(this.#toTag) });
    this.#home.answered(this.#key, this.#answered);
  }
}

function eventOf(status: number): ServerEvent {
  if (status < 200) return "progress";
  return status < 300 ? "accept" : "reject";
}
