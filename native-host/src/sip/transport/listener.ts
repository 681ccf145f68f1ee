/** Takes connections: TCP, TLS, and WebSocket over either (RFC 3261 §18.2, RFC 7118 §4). */
import { once } from "node:events";
import { createServer as createHttp, type Server as HttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer as createTcp, type Server, type Socket } from "node:net";
import { createServer as createTls } from "node:tls";
import { WebSocketServer } from "ws";
import { Alarm } from "../alarm.ts";
import type { Limits } from "../limits.ts";
import type { Hop, Transport } from "../message.ts";
import { unmapped } from "./address.ts";
import type { Admission } from "./admission.ts";
import type { Channel } from "./channel.ts";
import { SUBPROTOCOL } from "./dial.ts";
import { StreamChannel } from "./stream-channel.ts";
import type { Trust } from "./trust.ts";
import { WebSocketChannel, webSocketLimits } from "./web-socket-channel.ts";

export interface ListenerOptions {
  readonly protocol: Exclude<Transport, "UDP">;
  readonly host: string;
  readonly port: number;
  readonly limits: Limits;
  readonly trust: Trust;
  readonly admission: Admission;
  /** Pages of these origins may speak SIP to us by WebSocket; others not. Who is no browser has no origin. */
  readonly origins: readonly string[];
  /** A peer that is connected, all handshakes done. */
  onPeer(channel: Channel, peer: Hop): void;
  onError(error: Error): void;
}

/** How long peers have to close when we do. */
const CLOSE_MS = 1500;

/** One listening socket. Who has not done its handshakes within `slowPeerMs` is cut. */
export class Listener {
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  /** Rejects when the port is taken, or the certificate is no good. */
  static async open(options: ListenerOptions): Promise<Listener> {
    const server = SERVERS[options.protocol](options);
    const sockets = new Set<Socket>();
    server.on("connection", (socket) => admit(socket, options.admission, sockets));
    server.listen(options.port, options.host);
    await once(server, "listening");
    server.on("error", options.onError);
    return new Listener(server, sockets);
  }

  private constructor(server: Server, sockets: ReadonlySet<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  /** Takes no more; resolves once all it took are closed, and cuts those that take their time. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    const late = new Alarm();
    late.set(CLOSE_MS, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await closed;
    late.stop();
  }
}

function admit(socket: Socket, admission: Admission, sockets: Set<Socket>): void {
  const address = unmapped(socket.remoteAddress ?? "");
  if (address === "" || !admission.hasRoom(address)) {
    socket.destroy();
    return;
  }
  admission.enter(address);
  sockets.add(socket);
  socket.once("close", () => {
    admission.leave(address);
    sockets.delete(socket);
  });
}

const SERVERS: Readonly<Record<ListenerOptions["protocol"], (options: ListenerOptions) => Server>> = {
  TCP: (options) => createTcp({ noDelay: true }, (socket) => takeStream(socket, options)),
  TLS(options) {
    const { trust, limits } = options;
    const server = createTls({ ...trust.server(true), noDelay: true, handshakeTimeout: limits.slowPeerMs });
    server.on("secureConnection", (socket) => takeStream(socket, options));
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    return server;
  },
  WS: (options) => takeUpgrades(createHttp(httpLimits(options.limits)), options),
  WSS(options) {
    const { trust, limits } = options;
    const handshake = { ...trust.server(false), handshakeTimeout: limits.slowPeerMs };
    const server = createHttps({ ...handshake, ...httpLimits(limits) });
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    return takeUpgrades(server, options);
  },
};

function takeStream(socket: Socket, options: ListenerOptions): void {
  // One that was not admitted, or left already.
  if (socket.destroyed) return;
  take(new StreamChannel(socket, options.limits), socket, options);
}

function take(channel: Channel, socket: Socket, { protocol, onPeer }: ListenerOptions): void {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) channel.destroy();
  else onPeer(channel, { protocol, address: unmapped(remoteAddress), port: remotePort });
}

/** The request for an upgrade must be there in time, and is short. */
function httpLimits({ slowPeerMs }: Limits) {
  const connectionsCheckingInterval = Math.ceil(slowPeerMs / 10);
  return { headersTimeout: slowPeerMs, requestTimeout: slowPeerMs, connectionsCheckingInterval };
}

function takeUpgrades(server: HttpServer, options: ListenerOptions): Server {
  const { limits, origins } = options;
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    handleProtocols: () => SUBPROTOCOL,
    ...webSocketLimits(limits),
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  server.on("request", (_request, response) => {
    response.writeHead(426, { connection: "close", upgrade: "websocket" }).end();
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const refusal = refusalOf(request, origins);
    if (refusal) socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    else {
      webSockets.handleUpgrade(request, socket, head, (webSocket) =>
        take(new WebSocketChannel(webSocket, socket, limits), socket, options),
      );
    }
  });
  return server;
}

/** A page anywhere on the web can reach our loopback; its browser says whose page it is (RFC 6455 §10.2). */
function refusalOf({ headers }: IncomingMessage, origins: readonly string[]): string | undefined {
  const { origin } = headers;
  if (origin !== undefined && !origins.includes(origin)) return "403 Forbidden";
  const offered = headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim().toLowerCase());
  return offered?.includes(SUBPROTOCOL) ? undefined : "400 Bad Request";
}
