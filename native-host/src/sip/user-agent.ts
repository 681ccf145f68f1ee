/** A user agent: one socket set, one identity; places calls, takes calls, and routes requests to their dialogs. */
import { Core, type CoreOptions, SUPPORTED } from "./core.ts";
import { type Credentials, Wallet } from "./credentials.ts";
import { dialogIdOf, dialogKey } from "./dialog.ts";
import { type Body, extraHeaders, optionTags, tagOf } from "./header-values.ts";
import { receiveInvite } from "./incoming-invite.ts";
import { type Established, invite } from "./invite.ts";
import { InviteLeg } from "./invite-leg.ts";
import type { Caller, DialogId, ExtraHeaders, IncomingInvite, InviteOptions, Leg } from "./leg.ts";
import { MergedRequests } from "./merged.ts";
import type { Hop, SipRequest, SipResponse, SipUri } from "./message.ts";
import { type IncomingSubscribe, receiveSubscribe } from "./notify.ts";
import { answerOptions } from "./options.ts";
import { type RegisterOptions, type Registration, register } from "./register.ts";
import { openStack, type ServerTransaction, type Stack, type StackOptions } from "./stack.ts";
import { type SubscribeOptions, type Subscription, subscribe } from "./subscribe.ts";
import { type Timers, withDefaultTimers } from "./timers.ts";
import { bracketed, isSipUri } from "./uri.ts";

export type Respond = (status: number, reason?: string, headers?: ExtraHeaders, content?: string) => void;

export interface UserAgentOptions {
  readonly host: string;
  /** 0 takes any free port, the same for UDP and TCP. */
  readonly port: number;
  /** For User-Agent and Server. */
  readonly name: string;
  /** From of what we send; `sip:host:port` when there is no URI. */
  readonly identity: { readonly name?: string; readonly uri?: SipUri };
  /** The user part of our Contact; a random one for each call when missing. */
  readonly contactUser?: string;
  readonly outboundProxy?: SipUri;
  /** Names and passwords; unless they say where else, for the outbound proxy and the domain of the identity. */
  readonly credentials?: readonly Credentials[];
  readonly timers?: Partial<Timers>;
  readonly limits?: StackOptions["limits"];
  readonly onTrace?: StackOptions["onTrace"];
  /** What a callback of the owner threw without meaning a status by it; a process warning when missing. */
  readonly onError?: (error: Error) => void;
  /** Without it INVITE is answered 405. */
  readonly onInvite?: (invite: IncomingInvite) => void;
  /** Without it SUBSCRIBE is answered 489. */
  readonly onSubscribe?: (subscribe: IncomingSubscribe) => void;
  /** REFER, MESSAGE, REGISTER, PUBLISH and INFO outside a dialog; 405 without it. */
  readonly onRequest?: (request: SipRequest, respond: Respond, source: Hop) => void;
}

export interface RequestOptions {
  readonly body?: Body;
  readonly headers?: ExtraHeaders;
  readonly from?: { readonly name?: string; readonly uri: SipUri };
  /** Without a final response by then the request counts as answered 408. */
  readonly timeoutMs?: number;
}

/** Requests that make sense outside a dialog only to an owner that asked for them. */
const OWNERS: ReadonlySet<string> = new Set(["REFER", "MESSAGE", "REGISTER", "PUBLISH", "INFO"]);

/** Requests that belong to a dialog: outside one there is nothing they could mean. */
const INSIDE: ReadonlySet<string> = new Set(["BYE", "NOTIFY", "UPDATE", "PRACK"]);

/** How long close() waits for the last answers. */
const GOODBYE_MS = 2000;

export class UserAgent implements Caller {
  readonly #core: Core;
  readonly #options: UserAgentOptions;
  readonly #requests = new MergedRequests();
  #closed: Promise<void> | undefined;

  private constructor(core: Core, options: UserAgentOptions) {
    this.#core = core;
    this.#options = options;
  }

  /** Opens the sockets; rejects when the port is taken. `open` is another wire for tests. */
  static async open(options: UserAgentOptions, open = openStack): Promise<UserAgent> {
    let agent: UserAgent | undefined;
    const { host, port, onTrace, limits, onError = warn } = options;
    const timers = withDefaultTimers(options.timers);
    const stack = await open({
      host,
      port,
      timers,
      onError,
      ...(onTrace && { onTrace }),
      ...(limits && { limits }),
      onRequest: (_request, transaction) => {
        if (agent) agent.#receive(transaction);
      },
      onAck: (ack) => {
        if (agent) agent.#user(ack)?.acknowledge?.(ack);
      },
    });
    agent = new UserAgent(new Core(coreOptions(options, stack, timers)), options);
    return agent;
  }

  get host(): string {
    return this.#core.stack.host;
  }

  get port(): number {
    return this.#core.stack.port;
  }

  /** `sip:host:port` */
  get address(): SipUri {
    return this.#core.address;
  }

  invite(target: SipUri, options: InviteOptions): Promise<Established> {
    return invite(this.#core, target, options);
  }

  subscribe(target: SipUri, options: SubscribeOptions): Subscription {
    return subscribe(this.#core, target, options);
  }

  /** Makes an account known to its registrar and keeps it so, until it or the user agent is closed. */
  register(options: RegisterOptions): Registration {
    return register(this.#core, options);
  }

  /** Any request outside a dialog but INVITE and SUBSCRIBE; resolves with its final response, never rejects. */
  request(method: string, target: SipUri, options: RequestOptions = {}): Promise<SipResponse> {
    const { from, headers, body, timeoutMs } = options;
    const request = this.#core.first(method, target, {
      from: from && { ...from, params: {} },
      headers: { contact: [this.#core.contact()], ...extraHeaders(headers) },
      body,
    });
    return this.#core.exchange(request, { timeoutMs });
  }

  /** The leg of a dialog named from our side, as `IncomingInvite.replaces` does. */
  findLeg(id: DialogId): Leg | undefined {
    const user = this.#core.users.get(dialogKey(id));
    return user instanceof InviteLeg ? user : undefined;
  }

  *legs(): Iterable<Leg> {
    for (const user of this.#core.users.values()) if (user instanceof InviteLeg) yield user;
  }

  /** BYE on each leg, the end of each subscription, then the sockets; two seconds at most. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { users, attempts, stack } = this.#core;
    const goodbyes = [...attempts, ...users.values()].map((one) => one.close());
    const patience = Promise.withResolvers<void>();
    const clock = setTimeout(patience.resolve, GOODBYE_MS);
    await Promise.race([Promise.allSettled(goodbyes), patience.promise]);
    clearTimeout(clock);
    await stack.close();
    this.#core.abandon();
  }

  #user(request: SipRequest) {
    const id = dialogIdOf(request);
    const { users } = this.#core;
    return users.get(dialogKey(id)) ?? users.get(dialogKey({ ...id, remoteTag: "" }));
  }

  #receive(transaction: ServerTransaction): void {
    const { request } = transaction;
    const unsupported = [...optionTags(request, "require")].filter(
      (tag) => !SUPPORTED.some((own) => own === tag),
    );
    const user = tagOf(request.headers.to) === "" ? undefined : this.#user(request);
    if (unsupported.length > 0) {
      this.#core.respond(transaction, 420, { headers: { unsupported: unsupported.join(", ") } });
    } else if (user) user.receive(request, transaction);
    else if (tagOf(request.headers.to) !== "") this.#core.respond(transaction, 481);
    else if (this.#requests.merged(request)) this.#core.respond(transaction, 482);
    else this.#begin(transaction);
  }

  /** A request outside any dialog. */
  #begin(transaction: ServerTransaction): void {
    const { method, uri } = transaction.request;
    const { onInvite, onSubscribe, onRequest } = this.#options;
    if (!isSipUri(uri)) this.#core.respond(transaction, 416);
    else if (this.#closed !== undefined) this.#core.respond(transaction, 503);
    else if (method === "OPTIONS") answerOptions(this.#core, transaction);
    else if (method === "INVITE" && onInvite) receiveInvite(this.#core, transaction, onInvite);
    else if (method === "SUBSCRIBE" && onSubscribe) receiveSubscribe(this.#core, transaction, onSubscribe);
    else if (OWNERS.has(method) && onRequest) this.#ask(transaction, onRequest);
    else this.#refuse(transaction);
  }

  #ask(transaction: ServerTransaction, onRequest: NonNullable<UserAgentOptions["onRequest"]>): void {
    const respond: Respond = (status, reason, headers, content = "") => {
      const type = headers?.["content-type"] ?? "text/plain";
      this.#core.respond(transaction, status, {
        reason,
        headers: extraHeaders(headers),
        body: { type, content },
      });
    };
    onRequest(transaction.request, respond, transaction.source);
  }

  #refuse(transaction: ServerTransaction): void {
    const { method } = transaction.request;
    const headers = { allow: this.#core.allow };
    if (INSIDE.has(method)) this.#core.respond(transaction, 481);
    else if (method === "SUBSCRIBE")
      this.#core.respond(transaction, 489, { headers: { "allow-events": "" } });
    else if (OWNERS.has(method) || method === "INVITE") this.#core.respond(transaction, 405, { headers });
    else this.#core.respond(transaction, 501, { headers });
  }
}

function warn(error: Error): void {
  process.emitWarning(error);
}

function coreOptions(options: UserAgentOptions, stack: Stack, timers: Timers): CoreOptions {
  const {
    name,
    identity,
    contactUser,
    outboundProxy,
    onInvite,
    onSubscribe,
    onRequest,
    onError = warn,
  } = options;
  const own: SipUri = `sip:${bracketed(stack.host)}:${stack.port}`;
  const allow = ["ACK", "CANCEL", "BYE", "OPTIONS", "NOTIFY", "INFO", "REFER"];
  if (onInvite) allow.unshift("INVITE");
  if (onSubscribe) allow.push("SUBSCRIBE");
  if (onRequest) allow.push("MESSAGE");
  const from = {
    ...(identity.name !== undefined && { name: identity.name }),
    uri: identity.uri ?? own,
    params: {},
  };
  const servers = [outboundProxy, identity.uri].filter((uri) => uri !== undefined);
  const wallet = new Wallet(servers, options.credentials);
  return { stack, timers, name, identity: from, contactUser, outboundProxy, wallet, allow, onError };
}
