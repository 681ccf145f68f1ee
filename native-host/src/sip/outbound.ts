/** From messages to bytes: the Via of a request, the hop it takes, and the way back of a response (RFC 3261 §18). */
import { type Codec, encode, type Printable } from "./codec.ts";
import {
  type Hop,
  isReliable,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  type Via,
} from "./message.ts";
import { type Lookup, nextUri, resolve, type Target } from "./resolver.ts";
import { SipError } from "./sip-error.ts";
import type { Endpoint } from "./transport/endpoint.ts";
import { bareHost, bracketed, isLiteral } from "./uri.ts";

/** A request larger than this must not go by UDP where TCP works (RFC 3261 §18.1.1). */
const MAX_DATAGRAM_BYTES = 1300;
/** How long a large request waits for TCP before it goes by UDP all the same. */
const TCP_PATIENCE_MS = 2000;

export interface OutboundOptions {
  readonly codec: Codec;
  readonly lookup: Lookup;
  readonly onTrace: Trace;
}

/** Sees each message as it comes and goes, retransmissions too. */
export type Trace = (direction: "in" | "out", message: SipMessage, peer: Hop) => void;

/** A request of an owner; without a hop it goes to its first Route or its request URI. */
export interface Wanted {
  readonly request: SipRequest;
  readonly branch: string;
  readonly hop: Hop | undefined;
}

/** A request with our Via, and where it goes. */
export interface Routed {
  readonly request: SipRequest;
  readonly hop: Hop;
}

export class Outbound {
  readonly #endpoint: Endpoint;
  readonly #options: OutboundOptions;
  /** A retransmission is the very same bytes. */
  readonly #encoded = new WeakMap<Printable, Buffer>();

  constructor(endpoint: Endpoint, options: OutboundOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
  }

  /** Never throws; `onFailed` is called later, never at once. */
  transmit(message: SipMessage, hop: Hop, onFailed: (error: SipError) => void): void {
    if (this.#put(message, hop, onFailed)) this.#options.onTrace("out", message, hop);
  }

  /** Sends a refusal of a message we could not read; whether it arrives is the peer's affair. */
  refuse(refusal: Printable, hop: Hop): void {
    this.#put(refusal, hop, () => {});
  }

  #put(message: Printable, hop: Hop, onFailed: (error: SipError) => void): boolean {
    const fail = (cause: unknown) => queueMicrotask(() => onFailed(asSipError(cause)));
    try {
      const bytes = this.#encode(message);
      if (!isUsable(hop)) throw new SipError(503, "Bad Target");
      this.#endpoint.send(bytes, hop, fail);
      return true;
    } catch (cause) {
      fail(cause);
      return false;
    }
  }

  /** Calls `onRouted` at once when nothing has to be looked up; `onFailed` always later. */
  route(wanted: Wanted, then: RouteHandlers): void {
    const fail = (cause: unknown) => queueMicrotask(() => then.onFailed(asSipError(cause)));
    try {
      const target = wanted.hop ? { hop: wanted.hop, named: true } : this.#resolve(wanted.request);
      if (target instanceof Promise) {
        target.then((found) => this.#choose(wanted, found, then)).catch(fail);
      } else {
        this.#choose(wanted, target, then);
      }
    } catch (cause) {
      fail(cause);
    }
  }

  #resolve(request: SipRequest): Target | Promise<Target> {
    return resolve(nextUri(request), isIPv6Host(this.#endpoint.host) ? 6 : 4, this.#options.lookup);
  }

  #choose({ request, branch }: Wanted, target: Target, then: RouteHandlers): void {
    const { hop } = target;
    const routed = { request: this.#withVia(request, branch, hop), hop };
    if (
      target.named ||
      isReliable(hop.protocol) ||
      this.#encode(routed.request).length <= MAX_DATAGRAM_BYTES
    ) {
      then.onRouted(routed);
      return;
    }
    const stream: Hop = { ...hop, protocol: "TCP" };
    const fail = (cause: unknown) => queueMicrotask(() => then.onFailed(asSipError(cause)));
    this.#endpoint
      .reach(stream, TCP_PATIENCE_MS)
      .then((reached) =>
        then.onRouted(reached ? { request: this.#withVia(request, branch, stream), hop: stream } : routed),
      )
      .catch(fail);
  }

  /** A copy with our Via on top; `rport` brings the answer back through a NAT (RFC 3581 §3). */
  #withVia(request: SipRequest, branch: string, hop: Hop): SipRequest {
    const { host, port } = this.#endpoint;
    const params = { branch, rport: null };
    const via: Via = { version: "2.0", protocol: hop.protocol, host: bracketed(host), port, params };
    return { ...request, headers: { ...request.headers, via: [via, ...request.headers.via] } };
  }

  /** Over the connection the request came on, else to where its Via says (RFC 3261 §18.2.2, RFC 3581 §4). */
  wayBack(via: Via | undefined, source: Hop): Hop {
    if (isReliable(source.protocol) && this.#endpoint.connected(source)) return source;
    if (source.protocol === "UDP" && via && "rport" in via.params) return source;
    return { ...source, port: via?.port ?? 5060 };
  }

  /** The same for a response whose request is gone: all is in its topmost Via. */
  wayBackOf(response: SipResponse): Hop | undefined {
    const [via] = response.headers.via;
    if (!via) return undefined;
    const { received, rport } = via.params;
    const protocol = via.protocol === "TCP" ? "TCP" : "UDP";
    const port = rport ? Number(rport) : (via.port ?? 5060);
    return { protocol, address: bareHost(received ?? via.host), port };
  }

  #encode(message: Printable): Buffer {
    const known = this.#encoded.get(message);
    if (known) return known;
    const bytes = encode(this.#options.codec, message);
    this.#encoded.set(message, bytes);
    return bytes;
  }
}

export interface RouteHandlers {
  onRouted(routed: Routed): void;
  onFailed(error: SipError): void;
}

function isUsable(hop: Hop): boolean {
  return isLiteral(hop.address) && Number.isInteger(hop.port) && hop.port >= 1 && hop.port <= 65535;
}

function isIPv6Host(host: string): boolean {
  return host.includes(":");
}

function asSipError(cause: unknown): SipError {
  return cause instanceof SipError ? cause : new SipError(503, "Not Sent", { cause });
}
