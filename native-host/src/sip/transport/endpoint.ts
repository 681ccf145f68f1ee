/** Our UDP and TCP sockets on one port number, and the address we tell others (RFC 3261 §18.1.1). */
import { networkInterfaces } from "node:os";
import type { Limits } from "../limits.ts";
import type { Hop } from "../message.ts";
import { SipError } from "../sip-error.ts";
import type { Frame } from "./framer.ts";
import { isWildcard, TcpTransport } from "./tcp.ts";
import { UdpTransport } from "./udp.ts";

export interface EndpointOptions {
  readonly host: string;
  /** 0 = any that is free for both. */
  readonly port: number;
  readonly limits: Limits;
  onDatagram(bytes: Buffer, source: Hop): void;
  onFrame(frame: Frame, source: Hop): boolean;
  onError(error: Error): void;
}

const ATTEMPTS = 20;

export class Endpoint {
  /** A literal address others can reach, never the wildcard. */
  readonly host: string;
  readonly port: number;
  readonly #udp: UdpTransport;
  readonly #tcp: TcpTransport;

  /** Rejects with EADDRINUSE when the port is taken for either protocol. */
  static async open(options: EndpointOptions): Promise<Endpoint> {
    for (let attempt = 1; ; attempt++) {
      const tcp = await TcpTransport.open(options);
      try {
        return new Endpoint(options.host, await UdpTransport.open({ ...options, port: tcp.port }), tcp);
      } catch (taken) {
        await tcp.close();
        if (options.port !== 0 || attempt === ATTEMPTS) throw taken;
      }
    }
  }

  private constructor(host: string, udp: UdpTransport, tcp: TcpTransport) {
    this.host = isWildcard(host) ? ownAddress(host) : host;
    this.port = tcp.port;
    this.#udp = udp;
    this.#tcp = tcp;
  }

  /** Never throws; what goes wrong reaches `onFailed`, at once or later. */
  send(bytes: Buffer, hop: Hop, onFailed: (error: Error) => void): void {
    try {
      if (hop.protocol === "UDP") this.#udp.send(bytes, hop, onFailed);
      else if (hop.protocol === "TCP") this.#tcp.send(bytes, hop, onFailed);
      else onFailed(new SipError(503, "Transport Not Available"));
    } catch (cause) {
      onFailed(new Error("not sent", { cause }));
    }
  }

  connected(hop: Hop): boolean {
    return this.#tcp.connected(hop);
  }

  /** Whether a TCP connection to `hop` is open now or within `withinMs`. */
  async reach(hop: Hop, withinMs: number): Promise<boolean> {
    try {
      return await this.#tcp.reach(hop, withinMs);
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#udp.close(), this.#tcp.close()]);
  }
}

function ownAddress(wildcard: string): string {
  const family = wildcard === "::" ? "IPv6" : "IPv4";
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.find(
    (one) => one.family === family && !one.internal && !one.address.startsWith("fe80"),
  );
  return outside?.address ?? (family === "IPv6" ? "::1" : "127.0.0.1");
}
