/** The core of the user agent (RFC 3261 §6): who we are, our dialogs, and what every operation shares. */
import { Alarm } from "./alarm.ts";
import { firstRequest, type RequestParts } from "./dialog.ts";
import { type Body, bodyParts, oneLine, tagOf, token, withTag } from "./header-values.ts";
import type { NameAddr, Params, SipHeaders, SipRequest, SipResponse, SipUri } from "./message.ts";
import { buildResponse, makeUp } from "./response.ts";
import { SipError } from "./sip-error.ts";
import type { ClientTransaction, ServerTransaction, Stack } from "./stack.ts";
import type { Timers } from "./timers.ts";
import { bracketed } from "./uri.ts";

/** Who gets the requests of one dialog: a leg, a subscription, a notifier. */
export interface DialogUser {
  receive(request: SipRequest, transaction: ServerTransaction): void;
  /** The ACK to a 2xx of ours. */
  acknowledge?(ack: SipRequest): void;
  /** Says goodbye to the peer; resolves when that was heard or given up. */
  close(): Promise<void>;
  /** The sockets are gone: stop every clock. */
  drop(): void;
}

/** Something unfinished that has to be refused or cancelled when the user agent closes. */
export interface Attempt {
  /** Resolves when the other end has heard. */
  close(): Promise<void>;
}

export interface ResponseParts {
  readonly reason?: string | undefined;
  /** The To tag, where the request has none. */
  readonly tag?: string;
  readonly headers?: Partial<SipHeaders> | undefined;
  readonly body?: Body | undefined;
}

export interface CoreOptions {
  readonly stack: Stack;
  readonly timers: Timers;
  readonly name: string;
  readonly identity: NameAddr;
  readonly contactUser: string | undefined;
  readonly outboundProxy: SipUri | undefined;
  readonly allow: readonly string[];
  readonly onError: (error: Error) => void;
}

/** Option tags we understand in a peer's Require. */
export const SUPPORTED = ["replaces", "tdialog", "norefersub"] as const;

export class Core {
  readonly stack: Stack;
  readonly timers: Timers;
  readonly identity: NameAddr;
  readonly users = new Map<string, DialogUser>();
  readonly attempts = new Set<Attempt>();
  readonly #options: CoreOptions;
  readonly #unanswered = new Set<() => void>();

  constructor(options: CoreOptions) {
    this.#options = options;
    this.stack = options.stack;
    this.timers = options.timers;
    this.identity = options.identity;
  }

  get allow(): string {
    return this.#options.allow.join(", ");
  }

  /** Where this user agent listens, as a URI without user. */
  get address(): SipUri {
    return this.#uri(undefined);
  }

  /** Our Contact; every call has a user of its own unless one was configured, so that it can be told apart. */
  contact(user: string = this.#options.contactUser ?? token(), params: Params = {}): NameAddr {
    return { uri: this.#uri(user), params };
  }

  /** What every request of ours says about us. */
  common(): Partial<SipHeaders> {
    return { allow: this.allow, supported: SUPPORTED.join(", "), "user-agent": oneLine(this.#options.name) };
  }

  /** A request outside any dialog, by way of the outbound proxy if there is one (§8.1.2). */
  first(method: string, target: string, parts: RequestParts & { from?: NameAddr | undefined }): SipRequest {
    const proxy = this.#options.outboundProxy;
    const route = proxy && { route: [{ uri: looseRoute(proxy), params: {} }] };
    const headers = { ...this.common(), ...parts.headers, ...route };
    return firstRequest(method, target, parts.from ?? this.identity, { headers, body: parts.body });
  }

  /** Sends; every response is reported, and a final one even when the sockets close first (503). */
  send(request: SipRequest, onResponse: (response: SipResponse) => void): ClientTransaction {
    const giveUp = () => onResponse(makeUp(request, 503, "Closed"));
    this.#unanswered.add(giveUp);
    return this.stack.send(request, (response) => {
      if (response.status >= 200) this.#unanswered.delete(giveUp);
      onResponse(response);
    });
  }

  /** Sends a request other than INVITE; resolves with its final response or a 408 of our own, never rejects. */
  exchange(request: SipRequest, timeoutMs?: number): Promise<SipResponse> {
    const { promise, resolve } = Promise.withResolvers<SipResponse>();
    const clock = new Alarm();
    if (timeoutMs !== undefined) clock.set(timeoutMs, () => resolve(makeUp(request, 408)));
    this.send(request, (response) => {
      if (response.status < 200) return;
      clock.stop();
      resolve(response);
    });
    return promise;
  }

  /** A response in our name, with a To tag (§8.2.6.2). */
  response(request: SipRequest, status: number, parts: ResponseParts = {}): SipResponse {
    const { headers, content } = bodyParts(parts.body);
    const to = request.headers.to;
    const tagged = status === 100 || tagOf(to) ? to : withTag(to, parts.tag ?? token());
    const all = { to: tagged, server: oneLine(this.#options.name), ...parts.headers, ...headers };
    const reason = parts.reason === undefined ? undefined : oneLine(parts.reason);
    return buildResponse(request, status, { reason, headers: all, content });
  }

  respond(transaction: ServerTransaction, status: number, parts: ResponseParts = {}): void {
    transaction.respond(this.response(transaction.request, status, parts));
  }

  /** The status for what an owner's callback threw: the one it meant, else 500 and a report. */
  statusOf(thrown: unknown): number {
    if (thrown instanceof SipError) return thrown.status;
    this.#options.onError(new Error("owner failed", { cause: thrown }));
    return 500;
  }

  /** Answers 503 to everything of ours that still waits; called after the sockets closed. */
  abandon(): void {
    for (const user of this.users.values()) user.drop();
    for (const giveUp of this.#unanswered) giveUp();
    this.#unanswered.clear();
    this.users.clear();
  }

  #uri(user: string | undefined): SipUri {
    const { host, port } = this.stack;
    return `sip:${user === undefined ? "" : `${user}@`}${bracketed(host)}:${port}`;
  }
}

function looseRoute(proxy: SipUri): string {
  return /;lr(?:[;=]|$)/i.test(proxy) ? proxy : `${proxy};lr`;
}
