/** The XML API on a local socket: documents separated by NUL, many clients at once, nobody but the same user. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { socketPath } from "../environment.ts";
import type { CallControl } from "./call-control.ts";
import { ClientConnection, type Log, type Wire } from "./connection.ts";
import { NulReader } from "./framing.ts";
import { clearStaleSocket, closeToOthers, takeDirectory } from "./socket-directory.ts";
import { Turns } from "./turns.ts";

export interface ListenerOptions {
  /** Directory of the socket (environment.ts: runtimeDir); made with mode 0700 if it is not there. */
  readonly directory: string;
  readonly service: CallControl;
  /** Name and version, for Welcome: "partyline/0.1.0". */
  readonly name: string;
  readonly log?: Log;
  /** How long a client may take for its first document, and for any once begun; 10 s. */
  readonly patienceMs?: number;
}

export interface Listener {
  readonly path: string;
  readonly clients: number;
  /** Answers everything open with `shutting-down`, ends every client, frees the directory. */
  close(): Promise<void>;
}

const MAX_CLIENTS = 64;
const PATIENCE_MS = 10_000;
/** How long a client gets to read the last answers. */
const FAREWELL_MS = 500;

/** Opens the socket. Rejects with SocketDirectoryError when it is not ours to open, or a service already runs here. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const directory = await takeDirectory(options.directory);
  const path = socketPath(options.directory);
  try {
    await clearStaleSocket(path);
    const listener = new SocketListener(options, path, () => directory.release());
    await listener.open();
    await closeToOthers(path);
    return listener;
  } catch (cause) {
    directory.release();
    throw cause;
  }
}

class SocketListener implements Listener {
  readonly path: string;
  readonly #options: ListenerOptions;
  readonly #release: () => void;
  readonly #server: Server;
  readonly #connections = new Map<Socket, ClientConnection>();
  #count = 0;
  #closing: Promise<void> | undefined;

  constructor(options: ListenerOptions, path: string, release: () => void) {
    this.path = path;
    this.#options = options;
    this.#release = release;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#welcome(socket));
  }

  get clients(): number {
    return this.#connections.size;
  }

  async open(): Promise<void> {
    this.#server.listen(this.path);
    await once(this.#server, "listening");
    this.#server.on("error", (err) => this.#options.log?.error({ err }, "the API socket has a problem"));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const connection of this.#connections.values()) connection.shutDown();
    const farewell = new Patience(FAREWELL_MS, () => this.#cutAll());
    farewell.begin();
    await closed;
    farewell.end();
    this.#release();
  }

  #cutAll(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  #welcome(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    if (this.#connections.size >= MAX_CLIENTS) {
      socket.destroy();
      return;
    }
    this.#count += 1;
    const { service, name, log } = this.#options;
    const client = `k${this.#count}`;
    // The same user, as the mode of the socket says.
    service.clientCame(client, ["control", "tunnel"]);
    const connection = new ClientConnection({
      client,
      service,
      name,
      wire: wireOf(socket),
      ...(log && { log }),
    });
    this.#connections.set(socket, connection);
    socket.on("drain", () => connection.drained());
    socket.on("close", () => {
      this.#connections.delete(socket);
      connection.close();
    });
    readDocuments(socket, connection, this.#options.patienceMs ?? PATIENCE_MS);
  }
}

function wireOf(socket: Socket): Wire {
  return {
    send: (document) => {
      if (socket.writable) socket.write(`${document}\0`);
    },
    get queuedBytes() {
      return socket.writableLength;
    },
    end: () => {
      socket.end();
      // The client's own end no longer matters: nothing it says is read.
      socket.resume();
      setTimeout(() => socket.destroy(), PATIENCE_MS).unref();
    },
    cut: () => socket.destroy(),
  };
}

/** Feeds the connection; closes at once whatever does not begin like XML (HTTP, TLS), and half-sent documents in time. */
function readDocuments(socket: Socket, connection: ClientConnection, patienceMs: number): void {
  const patience = new Patience(patienceMs, () => socket.destroy());
  const turns = new Turns(socket);
  const reader = new NulReader({
    onDocument: (text) => {
      patience.end();
      turns.add(() => connection.receive(text));
    },
    onRefused: (why) => turns.add(() => connection.refuse(why)),
  });
  let begun = false;
  patience.begin();
  socket.on("data", (chunk) => {
    if (!begun && !beginsLikeXml(chunk)) {
      socket.destroy();
      return;
    }
    begun = true;
    reader.push(chunk);
    if (reader.partial) patience.begin();
    turns.run();
  });
  socket.on("end", () => {
    reader.end();
    turns.add(() => connection.finish());
    turns.run();
  });
  socket.on("drain", () => turns.run());
  socket.on("close", () => {
    patience.end();
    turns.stop();
  });
}

/** Waits for the end of one document at a time, counted from its first byte. */
class Patience {
  readonly #ms: number;
  readonly #lose: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, lose: () => void) {
    this.#ms = ms;
    this.#lose = lose;
  }

  begin(): void {
    this.#timer ??= setTimeout(this.#lose, this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** A byte order mark, white space or `<`. */
function beginsLikeXml(chunk: Buffer): boolean {
  return /^(?:\uFEFF)?\s*(?:<|$)/.test(chunk.toString("utf8", 0, 64));
}
