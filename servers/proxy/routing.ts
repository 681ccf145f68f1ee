/** Where a request goes: to us, to what a user registered, or to the machine in its domain (RFC 3261 §16.3 to §16.5). */

import type { Hop, NameAddr, SipHeaders, SipRequest } from "#sip/message.ts";
import { textHeader } from "#sip/message.ts";
import type { Uri } from "#sip/uri.ts";
import { parseUri } from "#sip/uri.ts";
import type { Domain } from "./domain.ts";
import { isOwn } from "./domain.ts";
import type { Binding, Location } from "./location.ts";
import type { Marked } from "./relay-rule.ts";

/** One place where a request shall go. */
export interface Target {
  readonly uri: string;
  /** The connection, or address, at which it is reached whatever the URI says (RFC 5626 §5.3). */
  readonly flow?: Hop | undefined;
  /** The proxies on the way there (RFC 3327 §5.4). */
  readonly path?: readonly NameAddr[] | undefined;
  /** Ways to the very same device, one after the other, for when this one leads nowhere. */
  readonly others?: readonly Target[];
}

export type Decision =
  | { readonly name: "refuse"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** For the proxy itself. */
  | { readonly name: "serve"; readonly request: SipRequest }
  /** To all targets of the first group at once, then to those of the next; `request` has none of our Routes any more. */
  | {
      readonly name: "forward";
      readonly request: SipRequest;
      readonly groups: readonly (readonly Target[])[];
      /** Whether the sender may be sent on to wherever a callee likes. */
      readonly relayed: boolean;
    };

/** Who sent a request: from where, and as which user of ours if that was shown. */
export interface Sender {
  readonly source: Hop;
  readonly user?: string | undefined;
}

export interface RoutingOptions {
  readonly domain: Domain;
  readonly location: Location;
  /** Whether requests of this sender may leave our domain. */
  mayRelay(sender: Sender): boolean;
  /** What the user part of a Route of ours says of this dialog; undefined when we never wrote it. */
  readMark(callId: string, mark: string | undefined): Marked | undefined;
}

const refuse = (status: number, headers?: Record<string, string>): Decision => ({
  name: "refuse",
  status,
  ...(headers && { headers }),
});

/** A request without the Routes that led to us, and what those said. */
interface Arrived {
  readonly request: SipRequest;
  readonly marks: readonly Marked[];
}

export class Routing {
  readonly #options: RoutingOptions;

  constructor(options: RoutingOptions) {
    this.#options = options;
  }

  /** What to do with a request of this sender. */
  decide(received: SipRequest, sender: Sender): Decision {
    const wrong = refusal(received);
    if (wrong) return wrong;
    const { request, marks } = this.#withoutOwnRoutes(received);
    if (isLedAstray(received, request)) return refuse(403);
    const uri = parseUri(request.uri);
    if (uri === undefined) return refuse(400);
    const mayRelay = this.#options.mayRelay(sender);
    const isHome = request.headers.route === undefined && isOwn(this.#options.domain, uri);
    if (isHome) return this.#home(request, uri, mayRelay);
    const flow = flowOf(marks, sender.source);
    if (!mayRelay && marks.at(-1)?.registered) return overFlow(request, flow);
    const inDialog = marks.some(({ registered }) => !registered) && request.headers.to.params["tag"] != null;
    if (!inDialog && !mayRelay) return refuse(403);
    const target = onwardTarget(uri, request, flow);
    return { name: "forward", request, groups: [[target]], relayed: mayRelay };
  }

  /** Our own domain: what the user registered; nobody else is known here (RFC 3261 §16.5). */
  #home(request: SipRequest, uri: Uri, relayed: boolean): Decision {
    if (uri.user === undefined || request.method === "REGISTER") return { name: "serve", request };
    const bindings = this.#options.location.bindings(uri.user);
    if (bindings.length === 0) return refuse(404);
    // Whoever calls sips: is not to be heard by others on the last hop either (RFC 5630 §5.1).
    const usable = uri.scheme === "sips" ? bindings.filter(isEncryptedBinding) : bindings;
    if (usable.length === 0) return refuse(480);
    return { name: "forward", request, groups: byWish(usable), relayed };
  }

  /** Takes out what previous elements put in to reach us, be they strict or loose routers (RFC 3261 §16.4). */
  #withoutOwnRoutes(received: SipRequest): Arrived {
    const routes = received.headers.route;
    if (routes === undefined) return { request: received, marks: [] };
    const { request, mark } = this.#fromStrictRouter(received, routes);
    const marks = mark ? [mark] : [];
    const left = [...(request.headers.route ?? [])];
    // Both of a double Record-Route are ours (RFC 5658 §4).
    for (let [first] = left; first !== undefined; [first] = left) {
      const uri = parseUri(first.uri);
      if (!uri || !isOwn(this.#options.domain, uri)) break;
      left.shift();
      const own = this.#readMark(request, uri);
      if (own) marks.push(own);
    }
    return { request: withRoutes(request, left), marks };
  }

  /** A strict router puts our Record-Route into the request URI and the real one last in Route. */
  #fromStrictRouter(
    received: SipRequest,
    routes: readonly NameAddr[],
  ): { request: SipRequest; mark?: Marked | undefined } {
    const uri = parseUri(received.uri);
    const last = routes.at(-1);
    if (!uri || !last || !("lr" in uri.params) || !isOwn(this.#options.domain, uri))
      return { request: received };
    const request = { ...withRoutes(received, routes.slice(0, -1)), uri: last.uri };
    return { request, mark: this.#readMark(received, uri) };
  }

  #readMark({ headers }: SipRequest, { user }: Uri): Marked | undefined {
    return this.#options.readMark(headers["call-id"], user);
  }
}

/** What no proxy forwards (RFC 3261 §16.3). */
function refusal(request: SipRequest): Decision | undefined {
  if (!/^sips?:/i.test(request.uri)) return refuse(416);
  const hops = textHeader(request, "max-forwards");
  if (hops !== undefined && !/^\d{1,10}$/.test(hops.trim())) return refuse(400);
  if (hops !== undefined && Number(hops) === 0) return refuse(483);
  const required = textHeader(request, "proxy-require");
  if (required !== undefined) return refuse(420, { unsupported: required });
  return textHeader(request, "max-breadth") === "0" ? refuse(440) : undefined;
}

function onwardTarget(uri: Uri, request: SipRequest, flow: Hop | undefined): Target {
  const usable = flow && (uri.scheme !== "sips" || isEncrypted(flow));
  return usable ? throughFlow(uri, request, flow) : { uri: request.uri };
}

/** Whoever begins a dialog chooses the way to it only through us: a Route that does not begin here leads anywhere. */
function isLedAstray(received: SipRequest, { headers: { route = [] } }: SipRequest): boolean {
  const { method, headers } = received;
  const first = !headers.to.params["tag"] && method !== "CANCEL";
  return first && route.length > 0 && route.length === headers.route?.length;
}

/** Over its flow or not at all: whoever has a Path of ours may not send us anywhere else with it. */
function overFlow(request: SipRequest, flow: Hop | undefined): Decision {
  if (!flow || request.headers.route !== undefined) return refuse(403);
  return { name: "forward", request, groups: [[{ uri: request.uri, flow }]], relayed: false };
}

/** The last of our Routes is on the side of who is called; of a single one it is not known, but nobody calls himself. */
function flowOf(marks: readonly Marked[], source: Hop): Hop | undefined {
  const flow = marks.at(-1)?.flow;
  const single = marks.length < 2 && flow !== undefined && isSameHop(flow, source);
  return single ? undefined : flow;
}

/** Whoever has opened another connection meanwhile may still be where the URI says. */
function throughFlow({ host }: Uri, { uri }: SipRequest, flow: Hop): Target {
  return { uri, flow, ...(!host.endsWith(".invalid") && { others: [{ uri }] }) };
}

function isSameHop(one: Hop, other: Hop): boolean {
  return one.protocol === other.protocol && one.address === other.address && one.port === other.port;
}

function isEncrypted({ protocol }: Hop): boolean {
  return protocol === "TLS" || protocol === "WSS";
}

function isEncryptedBinding({ contact, flow }: Binding): boolean {
  return flow ? isEncrypted(flow) : contact.startsWith("sips:");
}

/** Contacts that are wanted alike together, the most wanted first; of one device's ways only the first (RFC 5626 §5.3). */
function byWish(bindings: readonly Binding[]): readonly (readonly Target[])[] {
  const [only, another] = bindings;
  if (only && !another) return [[targetOf(only, [])]];
  const groups = new Map<number, Target[]>();
  const seen = new Set<string>();
  for (const binding of bindings) {
    const instance = binding.device?.instance;
    if (instance !== undefined && seen.has(instance)) continue;
    if (instance !== undefined) seen.add(instance);
    const others = bindings.filter(
      (other) => other !== binding && instance !== undefined && other.device?.instance === instance,
    );
    const q = binding.q ?? 1;
    const group = groups.get(q) ?? [];
    groups.set(q, group);
    group.push(targetOf(binding, others));
  }
  return [...groups.entries()].sort(([one], [other]) => other - one).map(([, group]) => group);
}

function targetOf({ contact, flow, path }: Binding, others: readonly Binding[]): Target {
  return {
    uri: contact,
    flow,
    path,
    ...(others.length > 0 && { others: others.map((other) => targetOf(other, [])) }),
  };
}

function withRoutes(request: SipRequest, route: readonly NameAddr[]): SipRequest {
  const { route: _gone, ...others } = request.headers;
  // Of what was there only Route is gone, which may be.
  const headers = others as SipHeaders;
  if (route.length > 0) headers.route = route;
  return { ...request, headers };
}
