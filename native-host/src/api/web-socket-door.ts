/** The API on a WebSocket of this machine (RFC 6455): one text frame is one document; pages of a list only. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { Wire } from "./connection.ts";
import { type Door, type DoorOptions, LOOPBACK, listening, portOf } from "./door.ts";
import { MAX_DOCUMENT_BYTES } from "./framing.ts";
import type { Party } from "./gate.ts";
import { Turns } from "./turns.ts";

/** A page's `Origin`, as browsers write it. */
export interface WebSocketDoorOptions extends DoorOptions {
  readonly port: number;
  readonly origins: readonly string[];
}

const MAX_CONNECTIONS = 96;
/** How long the other side may take to close. */
const LINGER_MS = 10_000;
const GOING_AWAY = 1001;
const UNSUPPORTED_DATA = 1003;

export class WebSocketDoor implements Door {
  readonly #options: WebSocketDoorOptions;
  readonly #server: Server;
  readonly #upgrades = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: MAX_DOCUMENT_BYTES,
    perMessageDeflate: false,
  });

  static async open(options: WebSocketDoorOptions): Promise<WebSocketDoor> {
    const door = new WebSocketDoor(options);
    await listening(door.#server, { host: LOOPBACK, port: options.port });
    door.#server.on("error", (err) => options.log?.error({ err }, "the API's WebSocket has a problem"));
    return door;
  }

  private constructor(options: WebSocketDoorOptions) {
    this.#options = options;
    this.#server = createServer({ headersTimeout: options.patienceMs }, (_request, response) => {
      response.writeHead(426, { Connection: "close", Upgrade: "websocket" }).end();
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  get port(): number | undefined {
    return portOf(this.#server);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeIdleConnections();
    await closed;
  }

  cutAll(): void {
    for (const socket of this.#upgrades.clients) socket.terminate();
    this.#server.closeAllConnections();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    if (!this.#isWelcome(request)) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n", () => socket.destroy());
      return;
    }
    this.#upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("error", () => webSocket.terminate());
      const party = this.#options.admit(wireOf(webSocket));
      if (party) carry(webSocket, socket, party);
      else webSocket.terminate();
    });
  }

  /** A name that was made to point here (DNS rebinding) is in Host, and a foreign page in Origin. */
  #isWelcome({ headers }: IncomingMessage): boolean {
    const hosts = [LOOPBACK, "localhost"].map((host) => `${host}:${this.port}`);
    const { host = "", origin = "" } = headers;
    return hosts.includes(host.toLowerCase()) && this.#options.origins.includes(origin);
  }
}

function wireOf(webSocket: WebSocket): Wire {
  return {
    send: (document) => {
      if (webSocket.readyState === webSocket.OPEN) webSocket.send(document);
    },
    get queuedBytes() {
      return webSocket.bufferedAmount;
    },
    end: () => {
      webSocket.close(GOING_AWAY);
      setTimeout(() => webSocket.terminate(), LINGER_MS).unref();
    },
    cut: () => webSocket.terminate(),
  };
}

function carry(webSocket: WebSocket, socket: Duplex, party: Party): void {
  const turns = new Turns({
    get writableLength() {
      return webSocket.bufferedAmount;
    },
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
  });
  webSocket.on("message", (data: RawData, isBinary: boolean) => {
    if (isBinary) {
      webSocket.close(UNSUPPORTED_DATA);
      return;
    }
    turns.add(() => party.receive(String(data)));
    turns.run();
  });
  socket.on("drain", () => {
    party.drained();
    turns.run();
  });
  webSocket.on("close", () => {
    turns.stop();
    party.close();
  });
}
