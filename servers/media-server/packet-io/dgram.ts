/** Packets by node:dgram: a socket per stream. */
import dgram from "node:dgram";
import { isIPv6 } from "node:net";
import type { Address } from "../address-lock.ts";
import { NoPortError, type PacketHandler, type PacketIo, type PortRange } from "./packet-io.ts";

/** All addresses are literals: the lookup that dgram asks for answers at once. */
const lookup = (
  host: string,
  _options: unknown,
  done: (error: null, address: string, family: number) => void,
) => done(null, host, isIPv6(host) ? 6 : 4);

// `lookup` has dns.lookup's overloads in the types; dgram calls the one with three arguments.
const LOOKUP = lookup as unknown as NonNullable<dgram.SocketOptions["lookup"]>;

export class DgramIo implements PacketIo {
  readonly #host: string;
  readonly #range: PortRange;
  readonly #onPacket: PacketHandler;
  readonly #sockets = new Map<number, dgram.Socket>();
  #next: number;

  constructor(host: string, range: PortRange, onPacket: PacketHandler) {
    this.#host = host;
    this.#range = range;
    this.#onPacket = onPacket;
    this.#next = range.first;
  }

  async open(stream: number): Promise<number> {
    const socket = await this.#bindFree();
    // A stream closed while its port was being opened is closed again by its owner, who asked for both.
    this.#sockets.set(stream, socket);
    socket.on("message", (packet, { address, port }) => this.#onPacket(stream, packet, address, port));
    return socket.address().port;
  }

  send(stream: number, packet: Uint8Array, { address, port }: Address): void {
    this.#sockets.get(stream)?.send(packet, port, address);
  }

  close(stream: number): void {
    this.#sockets.get(stream)?.close();
    this.#sockets.delete(stream);
  }

  /** Goes round the range, so that a port rests long before it is used again; RTP ports are even (RFC 3550 §11). */
  async #bindFree(): Promise<dgram.Socket> {
    const { first, last } = this.#range;
    for (let tried = first; tried <= last; tried += 2) {
      const port = this.#next;
      this.#next = port + 2 > last ? first : port + 2;
      const socket = await this.#bind(port);
      if (socket) return socket;
    }
    throw new NoPortError(`no free port from ${first} to ${last}`);
  }

  /** The bound socket, or nothing when the port is taken; throws when the system gives no socket at all. */
  #bind(port: number): Promise<dgram.Socket | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<dgram.Socket | undefined>();
    const socket = dgram.createSocket({ type: isIPv6(this.#host) ? "udp6" : "udp4", lookup: LOOKUP });
    const refused = (cause: NodeJS.ErrnoException) => {
      socket.close();
      if (cause.code === "EADDRINUSE") resolve(undefined);
      else reject(new NoPortError("the system gives no more sockets", { cause }));
    };
    socket.once("error", refused);
    socket.bind(port, this.#host, () => {
      socket.off("error", refused);
      // An unreachable peer is the peer's affair: its packets are lost, the stream goes on.
      socket.on("error", () => undefined);
      resolve(socket);
    });
    return promise;
  }
}
