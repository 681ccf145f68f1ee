/** SIP over TCP: a listener and a pool of connections, each used both ways (RFC 3261 §18). */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Limits } from "../limits.ts";
import type { Hop } from "../message.ts";
import type { Frame } from "./framer.ts";
import { TcpConnection } from "./tcp-connection.ts";

export interface TcpOptions {
  readonly host: string;
  readonly port: number;
  readonly limits: Limits;
  /** Returns false to have the connection closed. */
  onFrame(frame: Frame, source: Hop): boolean;
  onError(error: Error): void;
}

export class TcpTransport {
  readonly #options: TcpOptions;
  readonly #server: Server;
  /** By remote `address:port`. */
  readonly #connections = new Map<string, TcpConnection>();
  #unfinishedBytes = 0;
  readonly #perAddress = new Map<string, number>();

  /** Rejects when the port is taken. */
  static async open(options: TcpOptions): Promise<TcpTransport> {
    const server = createServer({ noDelay: true });
    server.listen(options.port, options.host);
    await once(server, "listening");
    return new TcpTransport(server, options);
  }

  private constructor(server: Server, options: TcpOptions) {
    this.#server = server;
    this.#options = options;
    server.on("error", options.onError);
    server.on("connection", (socket) => this.#accept(socket));
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  /** Whether a connection to `hop` is open. */
  connected(hop: Hop): boolean {
    return this.#connections.get(keyOf(hop)) !== undefined;
  }

  /** Opens a connection unless there is one; false when the peer does not take it within `withinMs`. */
  async reach(hop: Hop, withinMs: number): Promise<boolean> {
    return await this.#to(hop).opened(withinMs);
  }

  /** Over the connection there is, else over a new one. */
  send(bytes: Buffer, hop: Hop, onFailed: (error: Error) => void): void {
    this.#to(hop).send(bytes, onFailed);
  }

  /** What was sent before still leaves. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const connection of [...this.#connections.values()]) connection.finish();
    await closed;
  }

  #to(hop: Hop): TcpConnection {
    const known = this.#connections.get(keyOf(hop));
    return known ?? this.#adopt(this.#connect(hop), hop, "connecting");
  }

  #connect(hop: Hop): Socket {
    const { host } = this.#options;
    const from = isWildcard(host) ? {} : { localAddress: host };
    return connect({ host: hop.address, port: hop.port, noDelay: true, ...from });
  }

  #accept(socket: Socket): void {
    const { remoteAddress: address, remotePort: port } = socket;
    if (!address || !port || !this.#hasRoom(address)) {
      socket.destroy();
      return;
    }
    this.#adopt(socket, { protocol: "TCP", address, port }, "fresh");
  }

  #hasRoom(address: string): boolean {
    const { connections, connectionsPerAddress } = this.#options.limits;
    return (
      this.#connections.size < connections && (this.#perAddress.get(address) ?? 0) < connectionsPerAddress
    );
  }

  #adopt(socket: Socket, peer: Hop, start: "connecting" | "fresh"): TcpConnection {
    const connection = new TcpConnection(socket, {
      start,
      limits: this.#options.limits,
      onFrame: (frame) => this.#options.onFrame(frame, peer),
      onUnfinished: (bytes) => {
        this.#unfinishedBytes += bytes;
        return this.#unfinishedBytes <= this.#options.limits.unfinishedBytes;
      },
      onClosed: () => this.#forget(peer, connection),
    });
    this.#connections.set(keyOf(peer), connection);
    this.#perAddress.set(peer.address, (this.#perAddress.get(peer.address) ?? 0) + 1);
    return connection;
  }

  #forget(peer: Hop, connection: TcpConnection): void {
    if (this.#connections.get(keyOf(peer)) === connection) this.#connections.delete(keyOf(peer));
    const left = (this.#perAddress.get(peer.address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(peer.address, left);
    else this.#perAddress.delete(peer.address);
  }
}

/** Whether a socket bound to `host` takes packets to any address of this machine. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function keyOf(hop: Hop): string {
  return `${hop.address}:${hop.port}`;
}
