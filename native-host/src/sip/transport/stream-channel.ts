/** SIP on a stream: TCP, and TLS over it (RFC 3261 §18.3). */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Limits } from "../limits.ts";
import { speaksFor } from "./certificate.ts";
import type { Channel, ChannelListener } from "./channel.ts";
import { Framer } from "./framer.ts";

export class StreamChannel implements Channel {
  readonly #socket: Socket;
  readonly #framer: Framer;

  /** The socket may be open or opening. */
  constructor(socket: Socket, limits: Limits) {
    this.#socket = socket;
    this.#framer = new Framer(limits);
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  hear(listener: ChannelListener): void {
    const socket = this.#socket;
    socket.on(socket instanceof TLSSocket ? "secureConnect" : "connect", () => {
      if (isOwnEcho(socket)) socket.destroy(refused());
      else listener.onOpen();
    });
    socket.on("data", (chunk: Buffer) => {
      const frames = this.#framer.push(chunk);
      listener.onRead(frames, this.#framer.unfinishedBytes);
    });
    socket.on("error", (error) => listener.onError(error));
    socket.on("close", () => listener.onClosed());
  }

  /** What waits for the system or is encrypted is copied; mostly the system takes all at once. */
  write(bytes: Buffer, onFailed: (error: Error) => void): boolean {
    const socket = this.#socket;
    const copied = socket.writableLength > 0 || socket instanceof TLSSocket;
    socket.write(copied ? Buffer.from(bytes) : bytes, (error) => {
      if (error) onFailed(error);
    });
    return copied || socket.writableLength === 0;
  }

  pause(): void {
    this.#socket.pause();
  }

  finish(): void {
    this.#socket.resume();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  proves(domain: string): boolean {
    return provesBy(this.#socket, domain);
  }
}

/**
 * To a port of this machine where nobody listens the system may connect from that very port: to itself (simultaneous
 * open, RFC 9293 §3.5), and we would hear all that we say.
 */
function isOwnEcho({ localAddress, localPort, remoteAddress, remotePort }: Socket): boolean {
  return localPort === remotePort && localAddress === remoteAddress;
}

/** What the system says where it does not happen to take that port. */
function refused(): Error {
  return Object.assign(new Error("nobody listens there"), { code: "ECONNREFUSED" });
}

/** Whether the peer of this socket has shown a good certificate for this domain. */
export function provesBy(socket: Socket, domain: string): boolean {
  return socket instanceof TLSSocket && socket.authorized && speaksFor(socket.getPeerCertificate(), domain);
}
