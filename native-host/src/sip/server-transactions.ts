/** The server transactions of one stack: finds the one a request belongs to, or opens it (RFC 3261 §17.2). */
import type { Answered } from "./answered.ts";
import { Forgetful } from "./forgetful.ts";
import type { Limits } from "./limits.ts";
import { type Hop, isReliable, type SipRequest, type SipResponse, textHeader } from "./message.ts";
import type { Outbound } from "./outbound.ts";
import { buildResponse, withTag } from "./response.ts";
import { inviteServerStates, requestServerStates, Server, type ServerHome } from "./server-transaction.ts";
import type { Timers } from "./timers.ts";
import { type ServerTransaction, serverKey } from "./transaction.ts";

export interface ServersOptions {
  readonly outbound: Outbound;
  readonly limits: Limits;
  readonly timers: Timers;
  onRequest(request: SipRequest, transaction: ServerTransaction): void;
  onError(error: Error): void;
}

/** How long an owner that is full asks its peer to stay away, seconds (RFC 3261 §20.33). */
const RETRY_AFTER_S = "5";

/** Characters of all answered transactions together; one has a few hundred unless its headers are meant to fill us. */
const ANSWERED_CHARS = 4 << 20;

type ServerTable = ReturnType<typeof inviteServerStates>;

export class ServerTransactions implements ServerHome {
  readonly #options: ServersOptions;
  readonly #tables: Record<"invite" | "request", readonly [unreliable: ServerTable, reliable: ServerTable]>;
  readonly #open = new Map<string, Server>();
  readonly #answered = new Map<string, Answered>();
  readonly #waiting: Forgetful<Answered>;

  constructor(options: ServersOptions) {
    this.#options = options;
    const { timers, limits } = options;
    this.#tables = {
      invite: [inviteServerStates(timers, false), inviteServerStates(timers, true)],
      request: [requestServerStates(timers, false), requestServerStates(timers, true)],
    };
    this.#waiting = new Forgetful(limits.answered, (oldest) => oldest.close(), ANSWERED_CHARS);
  }

  /** Any request but ACK. */
  receive(request: SipRequest, source: Hop): void {
    const key = keyOver(source, request);
    const known = this.#find(key);
    if (known) known.repeat(source);
    else if (this.#open.size >= this.#options.limits.transactions) this.#sendAway(request, source);
    else this.#begin(request, source, key);
  }

  /** Returns false when the ACK is for a 2xx, and so the owner's. */
  acknowledge(ack: SipRequest, source: Hop): boolean {
    return this.#find(keyOver(source, ack))?.acknowledge() ?? false;
  }

  close(): void {
    for (const server of [...this.#open.values(), ...this.#answered.values()]) server.close();
  }

  transmit(response: SipResponse, request: SipRequest, from: Hop): string | undefined {
    const { outbound } = this.#options;
    const { via } = request.headers;
    // A response goes back the way its request came, whatever Via its owner gave it.
    const own =
      response.headers.via === via ? response : { ...response, headers: { ...response.headers, via } };
    outbound.transmit(own, outbound.wayBack(via[0], from), () => {});
    return outbound.textOf(own);
  }

  again(text: string, from: Hop): void {
    const { outbound } = this.#options;
    outbound.again(text, (response) => outbound.wayBack(response.headers.via[0], from));
  }

  answered(key: string, answered: Answered): void {
    this.#open.delete(key);
    this.#answered.set(key, answered);
    this.#waiting.keep(answered, answered.chars);
  }

  ended(key: string): void {
    this.#open.delete(key);
    const answered = this.#answered.get(key);
    if (!answered) return;
    this.#answered.delete(key);
    this.#waiting.ended(answered);
  }

  #find(key: string): Server | Answered | undefined {
    return this.#open.get(key) ?? this.#answered.get(key);
  }

  #begin(request: SipRequest, source: Hop, key: string): void {
    const { onRequest, onError } = this.#options;
    const kind = request.method === "INVITE" ? "invite" : "request";
    const table = this.#tables[kind][isReliable(source.protocol) ? 1 : 0];
    const server = new Server(request, source, { key, home: this, table });
    this.#open.set(key, server);
    if (request.method === "CANCEL") {
      this.#receiveCancel(request, server);
      return;
    }
    try {
      onRequest(request, server);
    } catch (cause) {
      onError(new Error(`owner failed on ${request.method}`, { cause }));
      server.respond(answer(request, 500));
    }
  }

  /** RFC 3261 §9.2: the CANCEL is answered by itself, whatever becomes of the INVITE. */
  #receiveCancel(cancel: SipRequest, server: Server): void {
    const key = keyOver(server.source, cancel, "INVITE");
    const invite = this.#find(key);
    server.respond(answer(cancel, invite ? 200 : 481, invite?.toTag));
    try {
      this.#open.get(key)?.cancelled(textHeader(cancel, "reason"));
    } catch (cause) {
      this.#options.onError(new Error("owner failed", { cause }));
    }
  }

  #sendAway(request: SipRequest, source: Hop): void {
    const { outbound } = this.#options;
    const response = buildResponse(request, 503, { headers: { "retry-after": RETRY_AFTER_S } });
    outbound.transmit(response, outbound.wayBack(request.headers.via[0], source), () => {});
  }
}

/** An answer of the stack's own, with the owner's tag where it has given one. */
function answer(request: SipRequest, status: number, tag?: string): SipResponse {
  const { to } = request.headers;
  const tagged = tag ? { ...to, params: { ...to.params, tag } } : withTag(to, serverKey(request));
  return buildResponse(request, status, { headers: { to: tagged } });
}

/** A copy comes by the transport of its request: what comes by another is a request of its own. */
function keyOver({ protocol }: Hop, request: SipRequest, method?: string): string {
  return serverKey(request, method, protocol);
}
