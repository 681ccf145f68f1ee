/** The proxy: registrar for its own domain, stateful forwarding for everything else (RFC 3261 §16). */

import type { Hop, SipHeaders, SipRequest, SipResponse, SipUri } from "#sip/message.ts";
import { withTag } from "#sip/response.ts";
import type { ServerTransaction, Stack, StackOptions } from "#sip/stack.ts";
import { makeResponse, openStack } from "#sip/stack.ts";
import { bracketed, isSipUri, parseUri } from "#sip/uri.ts";
import type { Users } from "../users.ts";
import type { Domain } from "./domain.ts";
import { addressesOf, isOwn } from "./domain.ts";
import { Fork } from "./fork.ts";
import { Forwarding } from "./forwarding.ts";
import { Gate, type Judgement } from "./gate.ts";
import { Location } from "./location.ts";
import { hasLooped, loopMark } from "./loop.ts";
import { Registrar } from "./registrar.ts";
import { DialogMark, neighbourhood } from "./relay-rule.ts";
import { type Decision, Routing, type Target } from "./routing.ts";

/** What a proxy hands on to its sockets. */
type Sockets = Pick<
  StackOptions,
  | "host"
  | "port"
  | "tls"
  | "ca"
  | "ws"
  | "wss"
  | "origins"
  | "timers"
  | "limits"
  | "lookup"
  | "dns"
  | "onTrace"
  | "onError"
>;

export interface ProxyOptions extends Sockets {
  /** Names of our own domain beside our address. */
  readonly names?: readonly string[];
  /** Who has to show a password; without users the machines beside us may do all. */
  readonly users?: Users;
  /** Goes itself where a 3xx leads, for callers who may call there, instead of telling them (RFC 3261 §16.7 step 4). */
  readonly followsRedirects?: boolean;
}

export interface ProxyServer {
  readonly address: SipUri;
  /** Ports of the listeners beside UDP and TCP. */
  readonly ports: Stack["ports"];
  close(): Promise<void>;
}

/** What the proxy itself can do. */
const ALLOW = "REGISTER, OPTIONS";

/** Opens the proxy on all its transports; rejects when a port is taken. */
export async function openProxy(options: ProxyOptions): Promise<ProxyServer> {
  const { names = [], users, followsRedirects = false, ...sockets } = options;
  const stack = await openStack({
    ...sockets,
    onRequest: (request, transaction) => core.receive(request, transaction),
    onAck: (ack, source) => core.acknowledge(ack, source),
  });
  const { port, ports } = stack;
  const host = bracketed(stack.host);
  const domain: Domain = {
    host,
    port,
    ports: Object.values(ports),
    addresses: addressesOf(sockets.host),
    names,
  };
  const core = new ProxyCore(stack, domain, { boundTo: sockets.host, users, followsRedirects });
  return { address: `sip:${host}:${port}`, ports, close: () => stack.close() };
}

interface Rules {
  readonly boundTo: string;
  readonly users: Users | undefined;
  readonly followsRedirects: boolean;
}

class ProxyCore {
  readonly #stack: Stack;
  readonly #domain: Domain;
  readonly #followsRedirects: boolean;
  readonly #location = new Location();
  readonly #registrar = new Registrar(this.#location);
  readonly #isNear: (address: string) => boolean;
  readonly #forwarding: Forwarding;
  readonly #routing: Routing;
  readonly #gate: Gate;

  constructor(stack: Stack, domain: Domain, { boundTo, users, followsRedirects }: Rules) {
    this.#stack = stack;
    this.#domain = domain;
    this.#followsRedirects = followsRedirects;
    this.#isNear = neighbourhood(boundTo);
    this.#gate = new Gate({ domain, users, isNear: this.#isNear });
    const { port, ports } = stack;
    const { tls, ws, wss } = ports;
    const listening = {
      UDP: port,
      TCP: port,
      ...(tls && { TLS: tls }),
      ...(ws && { WS: ws }),
      ...(wss && { WSS: wss }),
    };
    const marks = new DialogMark();
    this.#forwarding = new Forwarding({ host: domain.host, ports: listening }, marks);
    this.#routing = new Routing({
      domain,
      location: this.#location,
      mayRelay: ({ source, user }) => user !== undefined || this.#isNear(source.address),
      readMark: (callId, mark) => marks.read(callId, mark),
    });
  }

  receive(request: SipRequest, transaction: ServerTransaction): void {
    const mark = loopMark(request);
    const judged = hasLooped(request, mark) ? LOOPED : this.#gate.judge(request, transaction.source);
    if (judged.name === "refuse") answer(transaction, judged.status, judged.headers);
    else this.#pass(judged, transaction, mark);
  }

  #pass({ request, user }: Passed, transaction: ServerTransaction, mark: string): void {
    const decision = this.#routing.decide(request, { source: transaction.source, user });
    if (decision.name === "forward") this.#forward(decision, transaction, mark);
    else if (decision.name === "serve") this.#serve(decision.request, transaction);
    else {
      const asked = decision.status === 403 && user === undefined ? this.#gate.askWho(request) : undefined;
      const { status, headers } = asked?.name === "refuse" ? asked : decision;
      answer(transaction, status, headers);
    }
  }

  /** The ACK of a 2xx has no transaction: it follows its dialog's route (RFC 3261 §16.11). */
  acknowledge(ack: SipRequest, source: Hop): void {
    if (hasLooped(ack, loopMark(ack))) return;
    const decision = this.#routing.decide(ack, { source });
    if (decision.name !== "forward") return;
    const [target] = decision.groups[0] ?? [];
    if (!target) return;
    const { request, hop } = this.#forwarding.copy(decision.request, target, source, 1);
    this.#stack.sendStateless(request, hop);
  }

  #forward({ request, groups, relayed }: Forward, transaction: ServerTransaction, mark: string): void {
    const follows = this.#followsRedirects && relayed;
    new Fork(transaction, groups, {
      stack: this.#stack,
      mark,
      copy: (target, breadth) => this.#forwarding.copy(request, target, transaction.source, breadth),
      redirect: (response) => (follows ? contactsOf(response, request) : []),
    });
  }

  #serve(request: SipRequest, transaction: ServerTransaction): void {
    if (request.method === "REGISTER") this.#register(request, transaction);
    else if (request.method === "OPTIONS") answer(transaction, 200, { allow: ALLOW });
    else answer(transaction, 404);
  }

  /** The gate has seen who asks. */
  #register(request: SipRequest, transaction: ServerTransaction): void {
    const user = parseUri(request.headers.to.uri);
    if (user?.user === undefined || !isOwn(this.#domain, user)) {
      answer(transaction, 404);
      return;
    }
    const { source } = transaction;
    const { status, contacts, minExpiresS, headers } = this.#registrar.register(user.user, request, source);
    answer(transaction, status, {
      ...headers,
      ...(contacts.length > 0 && { contact: contacts }),
      ...(minExpiresS !== undefined && { "min-expires": String(minExpiresS) }),
    });
  }
}

type Passed = Extract<Judgement, { name: "pass" }>;
type Forward = Extract<Decision, { name: "forward" }>;

const LOOPED: Judgement = { name: "refuse", status: 482 };

function answer(transaction: ServerTransaction, status: number, headers: Partial<SipHeaders> = {}): void {
  const { request } = transaction;
  const to = withTag(request.headers.to, request.headers["call-id"]);
  transaction.respond(makeResponse(request, status, undefined, { ...headers, to }));
}

/** Where a 3xx leads; never from sips to a place that others can listen to (RFC 3261 §16.5). */
function contactsOf({ headers }: SipResponse, request: SipRequest): readonly Target[] {
  const contacts = headers.contact === "*" ? [] : (headers.contact ?? []);
  const secure = request.uri.startsWith("sips:");
  return contacts
    .filter(({ uri }) => isSipUri(uri) && (!secure || uri.startsWith("sips:")))
    .map(({ uri }) => ({ uri }));
}
