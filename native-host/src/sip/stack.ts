/** The SIP stack of one port: sockets, codec and transactions (RFC 3261 §17, §18); the only file that knows npm `sip`. */
import { parse, stringify } from "sip";
import { Amplification } from "./amplification.ts";
import { encode } from "./codec.ts";
import { compileEarly } from "./early-code.ts";
import { Inbound } from "./inbound.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import type { Hop, SipMessage, SipRequest, SipResponse, Transport } from "./message.ts";
import { Outbound, type Trace } from "./outbound.ts";
import type { DnsOptions, Lookup } from "./resolver/names.ts";
import { makeResponse } from "./response.ts";
import { type Timers, withDefaultTimers } from "./timers.ts";
import type { ClientTransaction, ServerTransaction } from "./transaction.ts";
import { TransactionLayer } from "./transaction-layer.ts";
import { Endpoint } from "./transport/endpoint.ts";

export type { ClientTransaction, ServerTransaction, Trace };
export { makeResponse };

/** To be reached by TLS: our certificate chain and its key as PEM text, and the port to listen on (any free one when missing). */
export interface TlsOptions {
  readonly certificate: string;
  readonly key: string;
  readonly port?: number;
}

/** Next hops whose flows are kept open by two line ends now and then (RFC 5626 §4.4). */
export interface KeepAliveOptions {
  /** As they stand in the first Route, or the request URI; may change at any time. */
  readonly uris: ReadonlySet<string>;
  /** Longest pause between two pings, milliseconds; 120 s on connections and 29 s on UDP when missing. */
  readonly everyMs?: number;
}

/** The ports of the listeners beside UDP and TCP. */
export interface Ports {
  readonly tls?: number;
  readonly ws?: number;
  readonly wss?: number;
}

export interface StackOptions {
  readonly host: string;
  /** For UDP and TCP alike; 0 = any that is free for both. */
  readonly port: number;
  readonly tls?: TlsOptions;
  /** Certificates (PEM) trusted beside those of the system, when we connect by TLS or secure WebSocket. */
  readonly ca?: string;
  /** Where to take WebSocket connections, and secure ones with the certificate of `tls` (RFC 7118); 0 = any free port. */
  readonly ws?: { readonly port: number };
  readonly wss?: { readonly port: number };
  /** Web pages of these origins (`https://example.com`) may speak SIP to us by WebSocket; no others. */
  readonly origins?: readonly string[];
  readonly keepAlive?: KeepAliveOptions;
  readonly timers?: Partial<Timers>;
  readonly limits?: Partial<Limits>;
  /** Addresses of hosts, in place of the hosts file; without `dns.servers` in place of all name servers, too. */
  readonly lookup?: Lookup;
  /** Who is asked about domains (RFC 3263); the system's name servers and hosts file when missing. */
  readonly dns?: DnsOptions;
  /** Every new request but ACK and CANCEL. */
  onRequest(request: SipRequest, transaction: ServerTransaction): void;
  /** The ACK of a 2xx, each time it comes. */
  onAck(ack: SipRequest, source: Hop): void;
  /** A connection to this peer is gone. */
  onClosed?(peer: Hop): void;
  onTrace?: Trace;
  /** What an owner's callback threw, and failing sockets; a process warning when missing. */
  onError?: (error: Error) => void;
}

export interface Stack {
  /** A literal address, never the wildcard. */
  readonly host: string;
  readonly port: number;
  readonly ports: Ports;
  /**
   * `host:port` at which others reach us by this transport; without a listener for it a name under .invalid, which
   * means the connections we opened and nothing else (RFC 7118 §5.2).
   */
  sentBy(transport: Transport): string;
  /**
   * Sends a request in a client transaction, with our Via on top of a copy. `onResponse` gets all 1xx, then the final
   * response, and each retransmitted 2xx of an INVITE for 64*T1 (RFC 6026); 408 and 503 are made up where no peer
   * answered. Never throws, never calls back before it has returned. Without `hop` it goes to the first Route or the
   * request URI, to one server of that domain after another until one of them takes it (RFC 3263 §4.3).
   * A `mark`, a token, becomes the end of the branch.
   */
  send(
    request: SipRequest,
    onResponse: (response: SipResponse) => void,
    hop?: Hop,
    mark?: string,
  ): ClientTransaction;
  /** Sends without a transaction: the ACK of a 2xx (which gets our Via), or a response (whose Via says where to). Never throws. */
  sendStateless(message: SipMessage, hop?: Hop): void;
  /** Ends all transactions (owners get a made-up 503), lets what was sent leave, and closes the sockets. */
  close(): Promise<void>;
}

/** Rejects with EADDRINUSE when the port is taken for UDP or TCP. */
export async function openStack(options: StackOptions): Promise<Stack> {
  compileEarly();
  const codec = { parse, stringify };
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const onError = options.onError ?? warn;
  const amplification = new Amplification();
  const layers: { transactions?: TransactionLayer; outbound?: Outbound } = {};
  const inbound = new Inbound({
    codec,
    limits,
    onMessage: (message, source) => {
      amplification.heard(message, source);
      layers.outbound?.heard(message, source);
      layers.transactions?.receive(message, source);
    },
    onRefusal: (refusal, via, source) => {
      amplification.refused(via, source);
      layers.transactions?.refuse(refusal, via, source);
    },
    onError,
  });
  const endpoint = await Endpoint.open({
    host: options.host,
    port: options.port,
    ...transports(options),
    limits,
    onDatagram: (bytes, source) => {
      amplification.received(source, bytes.length);
      inbound.datagram(bytes, source);
    },
    onFrame: (frame, source) => inbound.frame(frame, source),
    onClosed: (peer) => {
      layers.transactions?.disconnected(peer);
      options.onClosed?.(peer);
    },
    onError,
  });
  const onTrace = harmless(options.onTrace, onError);
  const outbound = new Outbound(endpoint, { ...options, codec, amplification, onTrace });
  const transactions = new TransactionLayer(outbound, {
    limits,
    timers: withDefaultTimers(options.timers),
    onRequest: (request, transaction) => options.onRequest(request, transaction),
    onAck: (ack, source) => options.onAck(ack, source),
    onTrace,
    onError,
  });
  layers.outbound = outbound;
  layers.transactions = transactions;
  return asStack(endpoint, transactions);
}

function asStack(endpoint: Endpoint, transactions: TransactionLayer): Stack {
  return {
    host: endpoint.host,
    port: endpoint.port,
    ports: portsOf(endpoint),
    sentBy(protocol) {
      const { host, port } = endpoint.sentBy({ protocol, address: endpoint.host });
      return port === undefined ? host : `${host}:${port}`;
    },
    send: (request, onResponse, hop, mark) => transactions.send(request, onResponse, hop, mark),
    sendStateless: (message, hop) => transactions.sendStateless(message, hop),
    async close() {
      transactions.close();
      await endpoint.close();
    },
  };
}

/** A message as it goes over the wire. Throws SipError 503 where a part of it must not. */
export function print(message: SipMessage): Buffer {
  return encode({ parse, stringify }, message);
}

function transports({ tls, ca, ws, wss, origins = [] }: StackOptions) {
  return {
    trust: { certificate: tls?.certificate, key: tls?.key, ca },
    listen: { ...(tls && { TLS: tls.port ?? 0 }), ...(ws && { WS: ws.port }), ...(wss && { WSS: wss.port }) },
    origins,
  };
}

function portsOf({ ports: { TLS, WS, WSS } }: Endpoint): Ports {
  return {
    ...(TLS !== undefined && { tls: TLS }),
    ...(WS !== undefined && { ws: WS }),
    ...(WSS !== undefined && { wss: WSS }),
  };
}

/** A log that fails must not stop what it tells of. */
function harmless(trace: Trace | undefined, onError: (error: Error) => void): Trace {
  return (direction, message, peer) => {
    try {
      trace?.(direction, message, peer);
    } catch (cause) {
      onError(new Error("trace failed", { cause }));
    }
  };
}

function warn(error: Error): void {
  process.emitWarning(error);
}
