/** Where a request goes: to us, to what a user registered, or to the machine in its domain (RFC 3261 §16.3 to §16.6). */

import type { NameAddr, SipRequest } from "#sip/message.ts";
import { textHeader } from "#sip/message.ts";
import type { Uri } from "#sip/uri.ts";
import { bracketed, parseUri } from "#sip/uri.ts";
import type { Domain } from "./domain.ts";
import { isOwn } from "./domain.ts";
import type { Location } from "./location.ts";

export type Decision =
  | { readonly name: "refuse"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** For the proxy itself; `user` is whom a REGISTER is about. */
  | { readonly name: "serve"; readonly request: SipRequest }
  /** One copy for each target, complete but for our Via. */
  | { readonly name: "forward"; readonly requests: readonly SipRequest[] };

/** Who sent a request: from where, and as which user of ours if that was shown. */
export interface Sender {
  readonly address: string;
  readonly user?: string | undefined;
}

export interface RoutingOptions {
  readonly domain: Domain;
  readonly location: Location;
  /** Whether a request of this sender, or in a dialog with this mark in its Route, may leave our domain. */
  mayRelay(request: SipRequest, sender: Sender, mark: string | undefined): boolean;
  /** The user part of our Record-Route for a new dialog. */
  mark(callId: string): string;
}

/** A request without Max-Forwards gets this many hops (RFC 3261 §16.6 step 3). */
const MAX_FORWARDS = 70;

/** Requests that begin a dialog whose later requests must come through us as well (RFC 3261 §16.6 step 4). */
const BEGINS_DIALOG = new Set(["INVITE", "SUBSCRIBE", "REFER"]);

const refuse = (status: number, headers?: Record<string, string>): Decision => ({
  name: "refuse",
  status,
  ...(headers && { headers }),
});

export class Routing {
  readonly #options: RoutingOptions;

  constructor(options: RoutingOptions) {
    this.#options = options;
  }

  /** What to do with a request of this sender. */
  decide(received: SipRequest, sender: Sender): Decision {
    const wrong = refusal(received);
    if (wrong) return wrong;
    const { request, mark } = this.#withoutOwnRoute(received);
    const uri = parseUri(request.uri);
    if (uri === undefined) return refuse(400);
    if (isOwn(this.#options.domain, uri)) return this.#home(request, uri);
    if (!this.#options.mayRelay(request, sender, mark)) return refuse(403);
    return { name: "forward", requests: [this.#copy(request, request.uri)] };
  }

  /** Our own domain: what the user registered, in parallel; nobody else is known here (RFC 3261 §16.5). */
  #home(request: SipRequest, uri: Uri): Decision {
    if (uri.user === undefined || request.method === "REGISTER") return { name: "serve", request };
    const bindings = this.#options.location.bindings(uri.user);
    if (bindings.length === 0) return refuse(404);
    return { name: "forward", requests: bindings.map(({ contact }) => this.#copy(request, contact)) };
  }

  #copy(request: SipRequest, uri: string): SipRequest {
    const { domain, mark } = this.#options;
    const hops = Number(textHeader(request, "max-forwards") ?? MAX_FORWARDS + 1) - 1;
    const headers = { ...request.headers, "max-forwards": String(hops) };
    if (BEGINS_DIALOG.has(request.method) && !request.headers.to.params["tag"]) {
      const own = `sip:${mark(request.headers["call-id"])}@${bracketed(domain.host)}:${domain.port};lr`;
      headers["record-route"] = [{ uri: own, params: {} }, ...(request.headers["record-route"] ?? [])];
    }
    return { ...request, uri, headers };
  }

  /** Takes out what previous elements put in to reach us, be they strict or loose routers (RFC 3261 §16.4). */
  #withoutOwnRoute(received: SipRequest): { request: SipRequest; mark: string | undefined } {
    const { request, mark: strict } = this.#fromStrictRouter(received);
    const [first, ...rest] = request.headers.route ?? [];
    const uri = first && parseUri(first.uri);
    if (!uri || !isOwn(this.#options.domain, uri)) return { request, mark: strict };
    return { request: withRoutes(request, rest), mark: uri.user ?? strict };
  }

  /** A strict router puts our Record-Route into the request URI and the real one last in Route. */
  #fromStrictRouter(received: SipRequest): { request: SipRequest; mark: string | undefined } {
    const uri = parseUri(received.uri);
    const routes = received.headers.route ?? [];
    const last = routes.at(-1);
    const ours = uri && "lr" in uri.params && isOwn(this.#options.domain, uri);
    if (!ours || last === undefined) return { request: received, mark: undefined };
    return { request: { ...withRoutes(received, routes.slice(0, -1)), uri: last.uri }, mark: uri.user };
  }
}

/** What no proxy forwards (RFC 3261 §16.3). */
function refusal(request: SipRequest): Decision | undefined {
  const scheme = parseUri(request.uri)?.scheme;
  if (scheme !== "sip" && scheme !== "sips") return refuse(416);
  if (textHeader(request, "max-forwards") === "0") return refuse(483);
  const required = textHeader(request, "proxy-require");
  return required === undefined ? undefined : refuse(420, { unsupported: required });
}

function withRoutes(request: SipRequest, route: readonly NameAddr[]): SipRequest {
  const { route: _gone, ...headers } = request.headers;
  return { ...request, headers: route.length === 0 ? { ...headers } : { ...headers, route } } as SipRequest;
}
