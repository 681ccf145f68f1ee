/** The core of the user agent (RFC 3261 §6): who we are, our dialogs, and what every operation shares. */
import { Asking, type ExchangeOptions, type SendOptions } from "./asking.ts";
import { contactUri, reachBack, reachToward } from "./contact.ts";
import type { Wallet } from "./credentials.ts";
import { firstRequest, type RequestParts } from "./dialog.ts";
import { Forgetful } from "./forgetful.ts";
import { type Body, bodyParts, oneLine, tagOf, token, withTag } from "./header-values.ts";
import type { Leg } from "./leg.ts";
import type { Hop, NameAddr, Params, SipHeaders, SipRequest, SipResponse, SipUri } from "./message.ts";
import type { Owner } from "./owner.ts";
import type { Repetition } from "./repetition.ts";
import { buildResponse } from "./response.ts";
import type { SessionTimes } from "./session-expires.ts";
import { SipError } from "./sip-error.ts";
import type { ClientTransaction, ServerTransaction, Stack } from "./stack.ts";
import type { Timers } from "./timers.ts";
import { bracketed } from "./uri.ts";

/** Who gets the requests of one dialog: a leg, a subscription, a notifier. */
export interface DialogUser {
  /** The call this is, for requests that name it by its dialog. */
  readonly leg?: Leg;
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
  /** The next hops whose flows the stack keeps open. */
  readonly kept: Set<string>;
  readonly wallet: Wallet;
  readonly allow: readonly string[];
  readonly session: SessionTimes;
  readonly owner: Owner;
  readonly onError: (error: Error) => void;
}

export interface FirstParts extends RequestParts {
  readonly from?: NameAddr | undefined;
  readonly routes?: readonly NameAddr[] | undefined;
}

/** What a Contact of ours has beside our address; `from` and `routes` are those of the request it is for. */
export interface ContactParts extends Pick<FirstParts, "from" | "routes"> {
  readonly user?: string | undefined;
  readonly params?: Params;
}

/** Option tags every user agent of ours understands. */
const SUPPORTED = ["replaces", "tdialog", "norefersub", "100rel", "timer"] as const;

/**
 * An honest caller acknowledges within a round trip; when more than this many are waited for, the oldest is given up, so
 * that a flood of callers nobody hears from neither fills the memory nor shuts out the next caller.
 */
const MOST_UNCONFIRMED = 250;

export class Core {
  readonly stack: Stack;
  readonly timers: Timers;
  readonly identity: NameAddr;
  readonly users = new Map<string, DialogUser>();
  readonly attempts = new Set<Attempt>();
  /** The subscriptions others hold with us. */
  readonly notifiers = new Set<object>();
  /** Who wants to know that a connection to a peer is gone. */
  readonly onLost = new Set<(peer: Hop) => void>();
  /** The way of first requests by their From, for accounts that have one of their own. */
  readonly routes = new Map<string, readonly NameAddr[]>();
  readonly #options: CoreOptions;
  /** What we accepted and nobody has acknowledged yet. */
  readonly unconfirmed = new Forgetful<Repetition>(MOST_UNCONFIRMED, (oldest) => oldest.giveUp());
  readonly #asking: Asking;
  readonly #server: string;
  readonly #abilities: Readonly<Partial<SipHeaders>>;
  readonly #common: Readonly<Partial<SipHeaders>>;

  constructor(options: CoreOptions) {
    this.#options = options;
    this.stack = options.stack;
    this.timers = options.timers;
    this.identity = options.identity;
    this.#asking = new Asking(options.stack, options.wallet);
    this.#server = oneLine(options.name);
    this.#abilities = Object.freeze({
      allow: options.allow.join(", "),
      supported: this.supported.join(", "),
    });
    this.#common = Object.freeze({ ...this.#abilities, "user-agent": this.#server });
    if (options.outboundProxy) this.keepFlow(options.outboundProxy);
  }

  get allow(): string {
    return this.#options.allow.join(", ");
  }

  /** Option tags understood in a peer's Require. */
  get supported(): readonly string[] {
    return [...SUPPORTED, ...(this.owner.extensions ?? [])];
  }

  /** What it wants for its sessions (RFC 4028). */
  get session(): SessionTimes {
    return this.#options.session;
  }

  get owner(): Owner {
    return this.#options.owner;
  }

  /** Allow-Events: the packages we notify of (RFC 6665 §8.2.2). */
  get events(): string {
    return Object.keys(this.owner.events ?? {}).join(", ");
  }

  get wallet(): Wallet {
    return this.#options.wallet;
  }

  /** Where this user agent listens, as a URI without user. */
  get address(): SipUri {
    const { host, port } = this.stack;
    return `sip:${bracketed(host)}:${port}`;
  }

  /** Our Contact in a first request; every call has a user of its own unless one was configured, to be told apart. */
  contactTo(target: string, { from, routes, user = this.#user(), params = {} }: ContactParts = {}): NameAddr {
    const next = this.#routes({ from, routes })[0]?.uri ?? target;
    return { uri: contactUri(this.stack, user, reachToward(target, next)), params };
  }

  /** Our Contact in a response that begins a dialog. */
  contactFor(
    transaction: ServerTransaction,
    { user = this.#user(), params = {} }: ContactParts = {},
  ): NameAddr {
    return { uri: contactUri(this.stack, user, reachBack(transaction)), params };
  }

  #user(): string {
    return this.#options.contactUser ?? token();
  }

  /** What every request of ours says about us. */
  common(): Readonly<Partial<SipHeaders>> {
    return this.#common;
  }

  /** What requests and responses that begin or change a call say we can do (§20.5, §20.37). */
  abilities(): Readonly<Partial<SipHeaders>> {
    return this.#abilities;
  }

  /** A request outside any dialog, by the routes given, those of its account, or the outbound proxy (§8.1.2). */
  first(method: string, target: string, parts: FirstParts): SipRequest {
    const from = parts.from ?? this.identity;
    const routes = this.#routes(parts);
    const route = routes.length > 0 && {
      route: routes.map(({ uri, params }) => ({ uri: looseRoute(uri), params })),
    };
    const headers = { ...this.common(), ...parts.headers, ...route };
    return firstRequest(method, target, from, { headers, body: parts.body });
  }

  /** A connection to this peer is gone. */
  lost(peer: Hop): void {
    for (const tell of [...this.onLost]) tell(peer);
  }

  /** Keeps the connection, or the way through a NAT, to this next hop open. */
  keepFlow(next: string): void {
    this.#options.kept.add(next);
    this.#options.kept.add(looseRoute(next));
  }

  #routes({ from = this.identity, routes }: Pick<FirstParts, "from" | "routes">): readonly NameAddr[] {
    return routes ?? this.routes.get(from.uri) ?? this.#proxyRoute();
  }

  #proxyRoute(): readonly NameAddr[] {
    const proxy = this.#options.outboundProxy;
    return proxy ? [{ uri: proxy, params: {} }] : [];
  }

  /** As `Asking.send` does. */
  send(
    request: SipRequest,
    onResponse: (response: SipResponse) => void,
    options?: SendOptions,
  ): ClientTransaction {
    return this.#asking.send(request, onResponse, options);
  }

  /** As `Asking.exchange` does. */
  exchange(request: SipRequest, options?: ExchangeOptions): Promise<SipResponse> {
    return this.#asking.exchange(request, options);
  }

  credentialsFor(response: SipResponse): Partial<SipHeaders> {
    return this.#asking.credentialsFor(response);
  }

  /** A response in our name, with a To tag (§8.2.6.2). */
  response(request: SipRequest, status: number, parts: ResponseParts = {}): SipResponse {
    const { headers, content } = bodyParts(parts.body);
    const to = request.headers.to;
    const tagged = status === 100 || tagOf(to) ? to : withTag(to, parts.tag ?? token());
    const all = { to: tagged, server: this.#server, ...parts.headers, ...headers };
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
    this.#asking.abandon();
    this.users.clear();
  }
}

function looseRoute(proxy: string): string {
  return /;lr(?:[;=]|$)/i.test(proxy) ? proxy : `${proxy};lr`;
}
