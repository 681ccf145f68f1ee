/** The API on a stream socket: documents separated by NUL, many clients at once. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { type Door, type DoorOptions, listening, portOf } from "./door.ts";
import { carry, wireOf } from "./stream.ts";

export class StreamDoor implements Door {
  readonly #options: DoorOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async open(
    where: { path: string } | { host: string; port: number },
    options: DoorOptions,
  ): Promise<StreamDoor> {
    const door = new StreamDoor(options);
    await listening(door.#server, where);
    door.#server.on("error", (err) => options.log?.error({ err }, "the API socket has a problem"));
    return door;
  }

  private constructor(options: DoorOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#welcome(socket));
  }

  get port(): number | undefined {
    return portOf(this.#server);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #welcome(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    const party = this.#options.admit(wireOf(socket));
    if (!party) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    carry(socket, party, this.#options.patienceMs);
  }
}
