/** From messages to bytes: the Via of a request, the hop it takes, and the way back of a response (RFC 3261 §18). */
import { type Amplification, isTrying, terse } from "./amplification.ts";
import { WritingRoom } from "./bytes.ts";
import { type Codec, encode, type Printable, readBack, write } from "./codec.ts";
import { MAX_DATAGRAM_BYTES } from "./limits.ts";
import {
  type Hop,
  isReliable,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  type Transport,
  type Via,
} from "./message.ts";
import { question } from "./question.ts";
import type { DnsOptions, Lookup } from "./resolver/names.ts";
import { nextUri, Resolver, type Targets } from "./resolver.ts";
import { asSipError, SipError } from "./sip-error.ts";
import type { Endpoint } from "./transport/endpoint.ts";
import { bareHost, isLiteral, parseUri } from "./uri.ts";

/** How long a large request waits for TCP before it goes by UDP all the same. */
const TCP_PATIENCE_MS = 2000;

export interface OutboundOptions {
  readonly codec: Codec;
  readonly lookup?: Lookup | undefined;
  readonly dns?: DnsOptions | undefined;
  readonly keepAlive?: { readonly uris: ReadonlySet<string>; readonly everyMs?: number } | undefined;
  readonly amplification: Amplification;
  readonly onTrace: Trace;
}

/** Sees each message as it comes and goes, retransmissions too. */
export type Trace = (direction: "in" | "out", message: SipMessage, peer: Hop) => void;

/** A request of an owner, and the server it is to go to. */
export interface Wanted {
  readonly request: SipRequest;
  readonly branch: string;
  readonly hop: Hop;
  /** Whether the transport is fixed; if not, a large request may go by TCP (RFC 3261 §18.1.1). */
  readonly named: boolean;
}

/** A request with our Via, and where it goes. */
export interface Routed {
  readonly request: SipRequest;
  readonly hop: Hop;
}

export class Outbound {
  readonly #endpoint: Endpoint;
  readonly #options: OutboundOptions;
  readonly #resolver: Resolver;
  /** A request is measured before it is sent: this is the message written last. */
  #written: Written | undefined;
  readonly #room = new WritingRoom();

  constructor(endpoint: Endpoint, options: OutboundOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#resolver = new Resolver({ ...options, families: endpoint.families });
  }

  /** Never throws; `onFailed` is called later, never at once. */
  transmit(message: SipMessage, hop: Hop, onFailed: (error: SipError) => void): void {
    if (!this.#put(message, hop, onFailed)) return;
    this.#options.onTrace("out", message, hop);
    const { keepAlive } = this.#options;
    if (keepAlive && "method" in message && keepAlive.uris.has(nextUri(message))) {
      this.#endpoint.keepAlive(hop, keepAlive.everyMs);
    }
  }

  /** A peer that cannot be connected to is found again over the connection it has with us (RFC 7118 §5). */
  heard(message: SipMessage, source: Hop): void {
    if (!("method" in message) || !isReliable(source.protocol)) return;
    const [via] = message.headers.via;
    if (via?.host.endsWith(NOWHERE)) this.#endpoint.introduce(via.host.toLowerCase(), source);
    else if (source.protocol === "TLS" && via && "alias" in via.params) {
      this.#endpoint.alias(source, via.port ?? DEFAULT_TLS_PORT);
    }
  }

  /** Sends a refusal of a message we could not read; whether it arrives is the peer's affair. */
  refuse(refusal: Printable, hop: Hop): void {
    this.#put(refusal, hop, () => {});
  }

  #put(message: Printable, hop: Hop, onFailed: (error: SipError) => void): boolean {
    const fail = (cause: unknown) => queueMicrotask(() => onFailed(asSipError(cause)));
    try {
      if (!isUsable(hop)) throw new SipError(503, "Bad Target");
      const bytes = this.#allowed(message, hop);
      // What a forged source may not draw is left out, as if the network had lost it.
      if (bytes) this.#send(bytes, hop, fail);
      else if (!isTrying(message)) this.#ask(hop);
      return bytes !== undefined;
    } catch (cause) {
      fail(cause);
      return false;
    }
  }

  #send(bytes: Buffer, hop: Hop, fail: (cause: unknown) => void): void {
    if (!this.#endpoint.send(bytes, hop, fail)) this.#room.leave();
  }

  /** Whoever answers is no forgery, and hears what is repeated from then on. */
  #ask(hop: Hop): void {
    const { amplification, onTrace } = this.#options;
    if (!amplification.hasRoomToAsk(hop)) return;
    const asked = question(hop, this.#endpoint.sentBy(hop));
    const bytes = this.#encode(asked);
    if (!amplification.admitsQuestion(asked, hop, bytes.length)) return;
    this.#send(bytes, hop, () => {});
    onTrace("out", asked, hop);
  }

  /** The message in full, else in the fewest words, else not at all. */
  #allowed(message: Printable, hop: Hop): Buffer | undefined {
    const { amplification, codec } = this.#options;
    const bytes = this.#encode(message);
    if (amplification.admits(message, hop, bytes.length)) return bytes;
    const short = terse(message);
    const few = short && encode(codec, short);
    return few && amplification.admits(short, hop, few.length) ? few : undefined;
  }

  /** The servers a request may go to, by its first Route or its URI. Throws, or rejects with, SipError 503. */
  targets(request: SipRequest): Targets | Promise<Targets> {
    const uri = nextUri(request);
    const flow = this.#flowTo(uri);
    return flow ? { hops: [flow], named: true } : this.#resolver.resolve(uri);
  }

  #flowTo(text: string): Hop | undefined {
    const host = text.includes(NOWHERE) ? parseUri(text)?.host : undefined;
    return host === undefined ? undefined : this.#endpoint.named(host);
  }

  /** Calls `onRouted` at once unless a large request tries TCP first; `onFailed` always later. */
  route(wanted: Wanted, then: RouteHandlers): void {
    const fail = (cause: unknown) => queueMicrotask(() => then.onFailed(asSipError(cause)));
    try {
      this.#route(wanted, then, fail);
    } catch (cause) {
      fail(cause);
    }
  }

  #route(wanted: Wanted, then: RouteHandlers, fail: (cause: unknown) => void): void {
    const { request, branch, named } = wanted;
    const hop = this.#endpoint.secureSister(wanted.hop) ?? wanted.hop;
    // Nothing that is to be encrypted leaves in clear, whoever chose the hop (RFC 3261 §26.2.2).
    if (isForTls(request) && !isEncrypted(hop.protocol)) throw new SipError(503, "SIPS Needs TLS");
    const routed = { request: this.#withVia(request, branch, hop), hop };
    if (named || isReliable(hop.protocol) || this.#fitsDatagram(routed.request)) {
      then.onRouted(routed);
      return;
    }
    const stream: Hop = { ...hop, protocol: "TCP" };
    this.#endpoint
      .reach(stream, TCP_PATIENCE_MS)
      .then((reached) =>
        then.onRouted(reached ? { request: this.#withVia(request, branch, stream), hop: stream } : routed),
      )
      .catch(fail);
  }

  /** What is far too large need not be written to be measured. */
  #fitsDatagram(request: SipRequest): boolean {
    return request.content.length <= MAX_DATAGRAM_BYTES && this.#encode(request).length <= MAX_DATAGRAM_BYTES;
  }

  /** A copy with our Via on top; `rport` brings the answer back through a NAT (RFC 3581 §3). */
  #withVia(request: SipRequest, branch: string, hop: Hop): SipRequest {
    const sentBy = this.#endpoint.sentBy(hop);
    // With a certificate of ours the connection may be used both ways (RFC 5923 §5).
    const alias = hop.protocol === "TLS" && sentBy.port !== undefined && { alias: null };
    const params = { branch, rport: null, ...alias };
    const via: Via = { version: "2.0", protocol: hop.protocol, ...sentBy, params };
    return { ...request, headers: { ...request.headers, via: [via, ...request.headers.via] } };
  }

  /**
   * Over the connection the request came on, else to where its Via says (RFC 3261 §18.2.2, RFC 3581 §4); but never to a
   * maddr, by which a sender could have our answers go to anybody.
   */
  wayBack(via: Via | undefined, source: Hop): Hop {
    const { protocol, address } = source;
    if (isReliable(protocol) && this.#endpoint.connected(source)) return source;
    if (protocol === "UDP" && via && "rport" in via.params) return source;
    return wayTo(via, { protocol, address });
  }

  /** The same for a response whose request is gone: all is in its topmost Via. */
  wayBackOf(response: SipResponse): Hop | undefined {
    const [via] = response.headers.via;
    const protocol = TRANSPORTS.find((transport) => transport === via?.protocol);
    if (!via || !protocol) return undefined;
    const { received, rport } = via.params;
    const address = bareHost(received ?? via.host);
    const source: Hop = { protocol, address, port: Number(rport ?? 0) };
    if (rport && (protocol === "UDP" || this.#endpoint.connected(source))) return source;
    return this.#endpoint.named(via.host) ?? wayTo(via, { protocol, address });
  }

  /** The message as text, to be sent once more by `again`; undefined when a part of it must not be sent. */
  textOf(message: SipMessage): string | undefined {
    try {
      return this.#write(message).texts.join("");
    } catch {
      return undefined;
    }
  }

  /** Sends what `textOf` gave once more, to where `wayOf` says. Never throws. */
  again(text: string, wayOf: (message: SipMessage) => Hop): void {
    try {
      const message = readBack(this.#options.codec, text);
      this.#written = { message, texts: [text], bytes: this.#room.bytesOf([text]) };
      this.transmit(message, wayOf(message), () => {});
    } catch {
      // A copy of it is as good as lost.
    }
  }

  #encode(message: Printable): Buffer {
    return this.#write(message).bytes;
  }

  #write(message: Printable): Written {
    if (this.#written?.message === message) return this.#written;
    const texts = write(this.#options.codec, message);
    this.#written = { message, texts, bytes: this.#room.bytesOf(texts) };
    return this.#written;
  }
}

interface Written {
  readonly message: Printable;
  /** One after the other. */
  readonly texts: readonly string[];
  readonly bytes: Buffer;
}

export interface RouteHandlers {
  onRouted(routed: Routed): void;
  onFailed(error: SipError): void;
}

const TRANSPORTS = ["UDP", "TCP", "TLS", "WS", "WSS"] as const satisfies readonly Transport[];

const DEFAULT_TLS_PORT = 5061;

/** Names of peers that only connect, and are connected to by nobody (RFC 2606 §2). */
const NOWHERE = ".invalid";

/** A new way to where a Via says; to a browser there is none, which port 0 stands for. */
function wayTo(via: Via | undefined, { protocol, address }: Omit<Hop, "port">): Hop {
  if (protocol === "WS" || protocol === "WSS" || via?.host.endsWith(NOWHERE)) {
    return { protocol, address, port: 0 };
  }
  if (protocol !== "TLS") return { protocol, address, port: via?.port ?? 5060 };
  return { protocol, address, port: via?.port ?? DEFAULT_TLS_PORT, ...(via && { name: bareHost(via.host) }) };
}

function isEncrypted(transport: Transport): boolean {
  return transport === "TLS" || transport === "WSS";
}

function isForTls(request: SipRequest): boolean {
  return /^sips:/i.test(request.uri) || /^sips:/i.test(nextUri(request));
}

function isUsable(hop: Hop): boolean {
  return isLiteral(hop.address) && Number.isInteger(hop.port) && hop.port >= 1 && hop.port <= 65535;
}
