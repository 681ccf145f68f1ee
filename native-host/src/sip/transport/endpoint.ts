/** Our sockets of all transports, and the addresses we tell others (RFC 3261 §18.1.1). */
import { randomBytes } from "node:crypto";
import type { Limits } from "../limits.ts";
import { type Hop, isReliable, type Transport } from "../message.ts";
import { bracketed } from "../uri.ts";
import { isWildcard, ownAddress } from "./address.ts";
import { Admission } from "./admission.ts";
import { Connections } from "./connections.ts";
import type { Frame } from "./framer.ts";
import { KeepAlive, PING } from "./keep-alive.ts";
import { Listener, type ListenerOptions } from "./listener.ts";
import { Trust, type TrustOptions } from "./trust.ts";
import { UdpTransport } from "./udp.ts";

export interface EndpointOptions {
  readonly host: string;
  /** 0 = any that is free for both UDP and TCP. */
  readonly port: number;
  /** What else to listen for, and where; 0 = any free port. */
  readonly listen: Readonly<Partial<Record<"TLS" | "WS" | "WSS", number>>>;
  readonly trust: TrustOptions;
  readonly origins: readonly string[];
  readonly limits: Limits;
  onDatagram(bytes: Buffer, source: Hop): void;
  onFrame(frame: Frame, source: Hop): boolean;
  /** A connection to or from this peer is gone. */
  onClosed(peer: Hop): void;
  onError(error: Error): void;
}

/** What a Via says of where we are: without a port for one who can only be reached over connections of its own. */
export interface SentBy {
  readonly host: string;
  readonly port?: number;
}

type Listeners = Readonly<Partial<Record<Transport, Listener>>>;

const ATTEMPTS = 20;

export class Endpoint {
  /** A literal address others can reach, never the wildcard. */
  readonly host: string;
  readonly port: number;
  /** Of those that listen. */
  readonly ports: Readonly<Partial<Record<Transport, number>>>;
  /** Address families our sockets have. */
  readonly families: readonly (4 | 6)[];
  readonly #bound: string;
  /** By which we are known over connections of ours, where we do not listen (RFC 7118 §5.2). */
  readonly #name = `${randomBytes(9).toString("hex")}.invalid`;
  readonly #udp: UdpTransport;
  readonly #listeners: readonly Listener[];
  readonly #connections: Connections;
  #keptDatagrams: { readonly hop: Hop; readonly clock: KeepAlive } | undefined;

  /** Rejects with EADDRINUSE when a port is taken, and when the certificate is no good. */
  static async open(options: EndpointOptions): Promise<Endpoint> {
    const trust = new Trust(options.trust);
    const admission = new Admission(options.limits);
    const connections = new Connections({ ...options, trust, admission });
    const common = {
      ...options,
      trust,
      admission,
      onPeer: (...peer: Parameters<ListenerOptions["onPeer"]>) => connections.take(...peer),
    };
    const [udp, tcp] = await openPair(common);
    const opened: Partial<Record<Transport, Listener>> = { TCP: tcp };
    try {
      for (const protocol of ["TLS", "WS", "WSS"] as const) {
        const port = options.listen[protocol];
        if (port !== undefined) opened[protocol] = await Listener.open({ ...common, protocol, port });
      }
    } catch (cause) {
      await Promise.all([udp, ...Object.values(opened)].map((socket) => socket.close()));
      throw cause;
    }
    return new Endpoint(options.host, udp, opened, connections);
  }

  private constructor(host: string, udp: UdpTransport, listeners: Listeners, connections: Connections) {
    this.host = isWildcard(host) ? ownAddress(host) : host;
    this.port = udp.port;
    this.families = host === "::" ? [6, 4] : [host.includes(":") ? 6 : 4];
    const ports = Object.entries(listeners).map(([protocol, { port }]) => [protocol, port]);
    this.ports = Object.fromEntries([["UDP", udp.port], ...ports]);
    this.#bound = host;
    this.#udp = udp;
    this.#listeners = Object.values(listeners);
    this.#connections = connections;
  }

  /** Where a peer like this one reaches us. */
  sentBy({ protocol, address }: Pick<Hop, "protocol" | "address">): SentBy {
    const port = this.ports[protocol];
    if (port === undefined) return { host: this.#name };
    return { host: bracketed(isWildcard(this.#bound) ? ownAddress(address) : this.#bound), port };
  }

  /**
   * Never throws; what goes wrong reaches `onFailed`, at once or later. Returns whether `bytes` may be written over; if
   * not, they are still to be sent.
   */
  send(bytes: Buffer, hop: Hop, onFailed: (error: Error) => void): boolean {
    try {
      if (hop.protocol === "UDP") return this.#udp.send(bytes, hop, onFailed);
      return this.#connections.send(bytes, hop, onFailed);
    } catch (cause) {
      onFailed(cause instanceof Error ? cause : new Error("not sent", { cause }));
      return true;
    }
  }

  connected(hop: Hop): boolean {
    return this.#connections.connected(hop);
  }

  /** Whether a connection to `hop` is open now or within `withinMs`. */
  async reach(hop: Hop, withinMs: number): Promise<boolean> {
    try {
      return await this.#connections.reach(hop, withinMs);
    } catch {
      return false;
    }
  }

  /** The peer at the other end of this connection calls itself by a name that is in no DNS. */
  introduce(name: string, source: Hop): void {
    this.#connections.introduce(name, source);
  }

  /** The peer at the other end of this connection listens at this port as well (RFC 5923). */
  alias(source: Hop, port: number): void {
    this.#connections.alias(source, port);
  }

  /** The secure WebSocket we have to this peer of a WebSocket: URIs of both say `transport=ws` (RFC 7118 §5.2). */
  secureSister(hop: Hop): Hop | undefined {
    return this.#connections.secureSister(hop);
  }

  /** The connection of the peer that calls itself so. */
  named(name: string): Hop | undefined {
    return this.#connections.named(name);
  }

  /** Keeps the flow to this hop open (RFC 5626 §4.4); on UDP that of the hop named last. */
  keepAlive(hop: Hop, everyMs?: number): void {
    if (isReliable(hop.protocol)) this.#connections.keepAlive(hop, everyMs);
    else this.#keepDatagrams(hop, everyMs);
  }

  async close(): Promise<void> {
    this.#keptDatagrams?.clock.stop();
    this.#connections.finish();
    await Promise.all([this.#udp.close(), ...this.#listeners.map((listener) => listener.close())]);
  }

  #keepDatagrams(hop: Hop, everyMs: number | undefined): void {
    const kept = this.#keptDatagrams?.hop;
    if (kept?.address === hop.address && kept.port === hop.port) return;
    this.#keptDatagrams?.clock.stop();
    const ping = () => this.#udp.send(PING, hop, () => {});
    const clock = new KeepAlive({ answered: false, everyMs, ping, onDead: () => {} });
    this.#keptDatagrams = { hop, clock };
  }
}

type PairOptions = Omit<ListenerOptions, "protocol"> & EndpointOptions;

/** UDP and TCP on the same port. */
async function openPair(options: PairOptions): Promise<readonly [UdpTransport, Listener]> {
  for (let attempt = 1; ; attempt++) {
    const tcp = await Listener.open({ ...options, protocol: "TCP" });
    try {
      return [await UdpTransport.open({ ...options, port: tcp.port }), tcp];
    } catch (taken) {
      await tcp.close();
      if (options.port !== 0 || attempt === ATTEMPTS) throw taken;
    }
  }
}
