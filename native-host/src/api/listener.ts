/** The XML API on a local socket, for nobody but the same user, and on ports of this machine, for those with a token. */
import { socketPath } from "../environment.ts";
import type { CallControl, Right } from "./call-control.ts";
import { Clients } from "./clients.ts";
import type { Log } from "./connection.ts";
import { type Door, LOOPBACK, type PortOptions } from "./door.ts";
import { gated } from "./gate.ts";
import { Patience } from "./patience.ts";
import { clearStaleSocket, closedToOthers, closeToOthers, takeDirectory } from "./socket-directory.ts";
import { StreamDoor } from "./stream-door.ts";
import { WebSocketDoor } from "./web-socket-door.ts";

export interface ListenerOptions {
  /** Directory of the socket (environment.ts: runtimeDir); made with mode 0700 if it is not there. */
  readonly directory: string;
  readonly service: CallControl;
  /** Name and version, for Welcome: "partyline/0.1.0". */
  readonly name: string;
  readonly log?: Log;
  /** How long a client may take for its first document, and for any once begun; 10 s. */
  readonly patienceMs?: number;
  readonly tcp?: PortOptions;
  readonly webSocket?: PortOptions & { readonly origins: readonly string[] };
}

export interface Listener {
  readonly path: string;
  readonly clients: number;
  readonly tcpPort: number | undefined;
  readonly webSocketPort: number | undefined;
  /** Answers everything open with `shutting-down`, ends every client, frees the directory. */
  close(): Promise<void>;
}

const PATIENCE_MS = 10_000;
/** How long a client gets to read the last answers. */
const FAREWELL_MS = 500;
/** The user's own programs. */
const ALL_RIGHTS: readonly Right[] = ["control", "tunnel"];

/**
 * Opens the socket and the ports. Rejects with SocketDirectoryError when the socket is not ours to open or a service
 * already runs here, with DoorError when a port is taken.
 */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const directory = await takeDirectory(options.directory);
  const opening = new ApiListener(options, () => directory.release());
  try {
    await opening.open();
    return opening;
  } catch (cause) {
    await opening.close();
    throw cause;
  }
}

class ApiListener implements Listener {
  readonly path: string;
  readonly #options: ListenerOptions;
  readonly #release: () => void;
  readonly #clients: Clients;
  readonly #doors: Door[] = [];
  #tcp: Door | undefined;
  #webSocket: Door | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ListenerOptions, release: () => void) {
    this.path = socketPath(options.directory);
    this.#options = options;
    this.#release = release;
    this.#clients = new Clients(options);
  }

  get clients(): number {
    return this.#clients.count;
  }

  get tcpPort(): number | undefined {
    return this.#tcp?.port;
  }

  get webSocketPort(): number | undefined {
    return this.#webSocket?.port;
  }

  async open(): Promise<void> {
    await clearStaleSocket(this.path);
    this.#keep(await this.#openSocket());
    await closeToOthers(this.path);
    const { tcp, webSocket } = this.#options;
    this.#tcp = tcp && this.#keep(await this.#openTcp(tcp));
    this.#webSocket = webSocket && this.#keep(await this.#openWebSocket(webSocket));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = Promise.all(this.#doors.map((door) => door.close()));
    this.#clients.shutDown();
    const farewell = new Patience(FAREWELL_MS, () => {
      for (const door of this.#doors) door.cutAll();
    });
    farewell.begin();
    await closed;
    farewell.end();
    this.#release();
  }

  #keep(door: Door): Door {
    this.#doors.push(door);
    return door;
  }

  #openSocket(): Promise<Door> {
    const { directory, log } = this.#options;
    const admit: Parameters<typeof StreamDoor.open>[1]["admit"] = (wire) => {
      if (closedToOthers(directory)) return this.#clients.admit(wire, ALL_RIGHTS);
      log?.error({ directory }, "the directory of the API socket is open to others: nobody is let in");
      return undefined;
    };
    return StreamDoor.open({ path: this.path }, { ...this.#common, admit });
  }

  #openTcp(port: PortOptions): Promise<Door> {
    const admit = this.#gated(port, "TCP");
    return StreamDoor.open({ host: LOOPBACK, port: port.port }, { ...this.#common, admit });
  }

  #openWebSocket(port: PortOptions & { readonly origins: readonly string[] }): Promise<Door> {
    const admit = this.#gated(port, "WebSocket");
    return WebSocketDoor.open({ port: port.port, origins: port.origins, ...this.#common, admit });
  }

  get #common() {
    const { log, patienceMs = PATIENCE_MS } = this.#options;
    return { patienceMs, ...(log && { log }) };
  }

  #gated({ token, rights }: PortOptions, door: string): ReturnType<typeof gated> {
    const { log } = this.#options;
    return gated({
      token,
      patienceMs: this.#common.patienceMs,
      admit: (wire) => this.#clients.admit(wire, rights),
      onRefused: () => log?.info({ door }, "a client without the right token was sent away"),
    });
  }
}
