/** A user agent: one socket set, one identity; places calls, subscribes, asks, and takes what others send. */
import { Core, type CoreOptions } from "./core.ts";
import { type Credentials, Wallet } from "./credentials.ts";
import { dialogKey } from "./dialog.ts";
import { type Body, extraHeaders } from "./header-values.ts";
import { type Established, invite } from "./invite.ts";
import { InviteLeg } from "./invite-leg.ts";
import type { Caller, DialogId, ExtraHeaders, InviteOptions, Leg } from "./leg.ts";
import type { SipResponse, SipUri } from "./message.ts";
import { type MessageOptions, sendMessage } from "./message-request.ts";
import { allowedMethods, type Owner } from "./owner.ts";
import { type OutsideReferOptions, referOutside } from "./refer-outside.ts";
import { type RegisterOptions, type Registration, register } from "./register.ts";
import { RequestRouting } from "./request-routing.ts";
import { DEFAULT_SESSION, type SessionTimes } from "./session-expires.ts";
import { openStack, type Ports, type StackOptions } from "./stack.ts";
import { type SubscribeOptions, type Subscription, subscribe } from "./subscribe.ts";
import { withDefaultTimers } from "./timers.ts";
import { bracketed } from "./uri.ts";

/** What the sockets are made of, as the stack takes it. */
type SocketOptions = Pick<
  StackOptions,
  "tls" | "ca" | "ws" | "wss" | "origins" | "dns" | "limits" | "onTrace"
>;

export interface UserAgentOptions extends Owner, SocketOptions {
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
  readonly timers?: StackOptions["timers"];
  /** How often a call is asked whether it lives (RFC 4028): every 1800 s at least, and 90 s is the least a peer may ask for. */
  readonly session?: Partial<SessionTimes>;
  /** What a callback of the owner threw without meaning a status by it; a process warning when missing. */
  readonly onError?: (error: Error) => void;
}

export interface RequestOptions {
  readonly body?: Body;
  readonly headers?: ExtraHeaders;
  readonly from?: { readonly name?: string; readonly uri: SipUri };
  /** Without a final response by then the request counts as answered 408. */
  readonly timeoutMs?: number;
}

/** How long close() waits for the last answers. */
const GOODBYE_MS = 2000;

export class UserAgent implements Caller {
  readonly #core: Core;
  readonly #routing: RequestRouting;
  #closed: Promise<void> | undefined;

  private constructor(core: Core) {
    this.#core = core;
    this.#routing = new RequestRouting(core);
  }

  /** Opens the sockets; rejects when the port is taken. `open` is another wire for tests. */
  static async open(options: UserAgentOptions, open = openStack): Promise<UserAgent> {
    let agent: UserAgent | undefined;
    const { host, port, onError = warn } = options;
    const kept = new Set<string>();
    const timers = withDefaultTimers(options.timers);
    const stack = await open({
      host,
      port,
      timers,
      onError,
      ...socketOptions(options),
      keepAlive: { uris: kept },
      onRequest: (_request, transaction) => {
        if (agent) agent.#routing.receive(transaction);
      },
      onAck: (ack) => {
        if (agent) agent.#routing.acknowledge(ack);
      },
      onClosed: (peer) => {
        if (agent) agent.#core.lost(peer);
      },
    });
    agent = new UserAgent(new Core(coreOptions(options, { stack, timers, kept })));
    return agent;
  }

  get host(): string {
    return this.#core.stack.host;
  }

  get port(): number {
    return this.#core.stack.port;
  }

  /** Of the listeners beside UDP and TCP. */
  get ports(): Ports {
    return this.#core.stack.ports;
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

  /** A text outside a call (RFC 3428); resolves with the 2xx, throws SipError. */
  message(target: SipUri, options: MessageOptions): Promise<SipResponse> {
    return sendMessage(this.#core, target, options);
  }

  /** Asks `target`, outside a call, to contact `referTo`; settles as `Leg.refer` does. */
  refer(target: SipUri, referTo: SipUri, options: OutsideReferOptions = {}): Promise<number> {
    return referOutside(this.#core, target, referTo, options);
  }

  /** A request that makes no dialog, such as OPTIONS; resolves with its final response, never rejects. */
  request(method: string, target: SipUri, options: RequestOptions = {}): Promise<SipResponse> {
    const { from, headers, body, timeoutMs } = options;
    const request = this.#core.first(method, target, {
      from: from && { ...from, params: {} },
      headers: extraHeaders(headers),
      body,
    });
    return this.#core.exchange(request, { timeoutMs });
  }

  /** The leg of a dialog named from our side, as `IncomingInvite.replaces` does. */
  findLeg(id: DialogId): Leg | undefined {
    const user = this.#core.users.get(dialogKey(id));
    return user instanceof InviteLeg && user.state !== "ended" ? user : undefined;
  }

  *legs(): Iterable<Leg> {
    for (const user of this.#core.users.values()) {
      if (user instanceof InviteLeg && user.state !== "ended") yield user;
    }
  }

  /** BYE on each leg, the end of each subscription, then the sockets; two seconds at most. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#routing.close();
    const { users, attempts, stack } = this.#core;
    const goodbyes = [...attempts, ...users.values()].map((one) => one.close());
    const patience = Promise.withResolvers<void>();
    const clock = setTimeout(patience.resolve, GOODBYE_MS);
    await Promise.race([Promise.allSettled(goodbyes), patience.promise]);
    clearTimeout(clock);
    await stack.close();
    this.#core.abandon();
  }
}

function warn(error: Error): void {
  process.emitWarning(error);
}

function socketOptions(options: SocketOptions): SocketOptions {
  const { tls, ca, ws, wss, origins, dns, limits, onTrace } = options;
  return {
    ...(tls && { tls }),
    ...(ca !== undefined && { ca }),
    ...(ws && { ws }),
    ...(wss && { wss }),
    ...(origins && { origins }),
    ...(dns && { dns }),
    ...(limits && { limits }),
    ...(onTrace && { onTrace }),
  };
}

type Below = Pick<CoreOptions, "stack" | "timers" | "kept">;

function coreOptions(options: UserAgentOptions, below: Below): CoreOptions {
  const { stack } = below;
  const { name, identity, contactUser, outboundProxy, onError = warn } = options;
  const own: SipUri = `sip:${bracketed(stack.host)}:${stack.port}`;
  const allow = allowedMethods(options);
  const from = {
    ...(identity.name !== undefined && { name: identity.name }),
    uri: identity.uri ?? own,
    params: {},
  };
  const servers = [outboundProxy, identity.uri].filter((uri) => uri !== undefined);
  const wallet = new Wallet(servers, options.credentials);
  return {
    ...below,
    name,
    identity: from,
    contactUser,
    outboundProxy,
    wallet,
    allow,
    session: { ...DEFAULT_SESSION, ...options.session },
    onError,
    owner: options,
  };
}
