/** The proxy: registrar for its own domain, stateful forwarding for everything else (RFC 3261 §16). */

import type { NameAddr, SipHeaders, SipRequest, SipUri } from "#sip/message.ts";
import { withTag } from "#sip/response.ts";
import type { ServerTransaction, Stack, StackOptions } from "#sip/stack.ts";
import { makeResponse, openStack } from "#sip/stack.ts";
import { bracketed, parseUri } from "#sip/uri.ts";
import type { Domain } from "./domain.ts";
import { isOwn } from "./domain.ts";
import { Fork } from "./fork.ts";
import { Gate, type Judgement } from "./gate.ts";
import { Location } from "./location.ts";
import { Registrar } from "./registrar.ts";
import { DialogMark, isNeighbour, neighbours } from "./relay-rule.ts";
import { Routing } from "./routing.ts";
import type { Users } from "./users.ts";

export interface ProxyOptions
  extends Pick<StackOptions, "host" | "port" | "timers" | "lookup" | "onTrace" | "onError"> {
  /** Names of our own domain beside our address. */
  readonly names?: readonly string[];
  /** Who has to show a password; without users the machines beside us may do all. */
  readonly users?: Users;
}

export interface ProxyServer {
  readonly address: SipUri;
  close(): Promise<void>;
}

/** What the proxy itself can do. */
const ALLOW = "REGISTER, OPTIONS";

/** Opens the proxy on UDP and TCP; rejects when the port is taken. */
export async function openProxy({ names = [], users, ...sockets }: ProxyOptions): Promise<ProxyServer> {
  const stack = await openStack({
    ...sockets,
    onRequest: (request, transaction) => core.receive(request, transaction),
    onAck: (ack, source) => core.acknowledge(ack, source.address),
  });
  const domain = { host: bracketed(stack.host), port: stack.port, names };
  const core = new ProxyCore(stack, domain, { boundTo: sockets.host, users });
  const address: SipUri = `sip:${bracketed(stack.host)}:${stack.port}`;
  return { address, close: () => stack.close() };
}

class ProxyCore {
  readonly #stack: Stack;
  readonly #domain: Domain;
  readonly #location = new Location();
  readonly #registrar = new Registrar(this.#location);
  readonly #neighbours;
  readonly #marks = new DialogMark();
  readonly #routing: Routing;
  readonly #gate: Gate;
  /** Every branch under way, and what it was a copy of. */
  readonly #passed = new Map<string, string>();

  constructor(
    stack: Stack,
    domain: Domain,
    { boundTo, users }: { boundTo: string; users: Users | undefined },
  ) {
    this.#stack = stack;
    this.#domain = domain;
    this.#neighbours = neighbours(boundTo);
    this.#gate = new Gate({ domain, users, isNear: (address) => this.#isNear(address) });
    this.#routing = new Routing({
      domain,
      location: this.#location,
      mayRelay: ({ headers }, { address, user }, mark) =>
        user !== undefined || this.#isNear(address) || this.#marks.matches(headers["call-id"], mark),
      mark: (callId) => this.#marks.of(callId),
    });
  }

  receive(request: SipRequest, transaction: ServerTransaction): void {
    const judged = this.#hasLooped(request) ? LOOPED : this.#gate.judge(request, transaction.source);
    if (judged.name === "refuse") answer(transaction, judged.status, judged.headers);
    else this.#pass(judged, transaction);
  }

  #pass({ request, user }: Passed, transaction: ServerTransaction): void {
    const decision = this.#routing.decide(request, { address: transaction.source.address, user });
    if (decision.name === "forward") this.#forward(decision.requests, transaction);
    else if (decision.name === "serve") this.#serve(decision.request, transaction);
    else {
      const asked = decision.status === 403 && user === undefined ? this.#gate.askWho(request) : undefined;
      const { status, headers } = asked?.name === "refuse" ? asked : decision;
      answer(transaction, status, headers);
    }
  }

  /** The ACK of a 2xx has no transaction: it follows its dialog's route (RFC 3261 §16.11). */
  acknowledge(ack: SipRequest, address: string): void {
    const decision = this.#routing.decide(ack, { address });
    if (decision.name !== "forward") return;
    for (const request of decision.requests) this.#stack.sendStateless(request);
  }

  #isNear(address: string): boolean {
    return isNeighbour(this.#neighbours, address);
  }

  #forward(requests: readonly SipRequest[], transaction: ServerTransaction): void {
    const key = routeKey(transaction.request);
    new Fork(transaction, requests, {
      stack: this.#stack,
      onBranch: (branch) => this.#passed.set(branch, key),
      onDone: (branches) => {
        for (const branch of branches) this.#passed.delete(branch);
      },
    });
  }

  /** It came through us and nothing was changed that would send it elsewhere; a spiral is another matter (§16.3 step 4). */
  #hasLooped(request: SipRequest): boolean {
    const key = routeKey(request);
    return request.headers.via.some(({ params }) => this.#passed.get(params["branch"] ?? "") === key);
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

const LOOPED: Judgement = { name: "refuse", status: 482 };

function answer(transaction: ServerTransaction, status: number, headers: Partial<SipHeaders> = {}): void {
  const { request } = transaction;
  const to = withTag(request.headers.to, request.headers["call-id"]);
  transaction.respond(makeResponse(request, status, undefined, { ...headers, to }));
}

/** All that decides where a request goes. */
function routeKey({ uri, headers }: SipRequest): string {
  const routes: readonly NameAddr[] = headers.route ?? [];
  return [uri, ...routes.map((route) => route.uri)].join(" ");
}
