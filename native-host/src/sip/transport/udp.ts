/** SIP over UDP: one socket, one message a datagram (RFC 3261 §18). */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { Hop } from "../message.ts";
import { mapped, unmapped } from "./address.ts";

export interface UdpOptions {
  readonly host: string;
  readonly port: number;
  onDatagram(bytes: Buffer, source: Hop): void;
  onError(error: Error): void;
}

export class UdpTransport {
  readonly #socket: Socket;
  readonly #family: 4 | 6;
  #sending = 0;
  #drained = Promise.withResolvers<void>();

  /** Rejects when the port is taken. */
  static async open(options: UdpOptions): Promise<UdpTransport> {
    const family = isIPv6(options.host) ? 6 : 4;
    const socket = createSocket({
      type: `udp${family}`,
      recvBufferSize: 1 << 20,
      // Only literal addresses get here: nothing to look up.
      lookup: (address, _options, done) => done(null, address, family),
    });
    // The lookup above answers at once, and so may bind.
    const listening = once(socket, "listening");
    socket.bind(options.port, options.host);
    await listening.catch((taken: unknown) => {
      socket.close();
      throw taken;
    });
    return new UdpTransport(socket, options, family);
  }

  private constructor(socket: Socket, options: UdpOptions, family: 4 | 6) {
    this.#socket = socket;
    this.#family = family;
    socket.on("error", options.onError);
    socket.on("message", (bytes, { address, port }) => {
      options.onDatagram(bytes, { protocol: "UDP", address: unmapped(address), port });
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Returns false when the system had no room: then `bytes` wait to be read. */
  send(bytes: Buffer, hop: Hop, onFailed: (error: Error) => void): boolean {
    this.#sending++;
    const address = this.#family === 6 ? mapped(hop.address) : hop.address;
    this.#socket.send(bytes, hop.port, address, (error) => {
      this.#sending--;
      if (this.#sending === 0) this.#drained.resolve();
      if (error) onFailed(error);
    });
    return this.#socket.getSendQueueCount() === 0;
  }

  /** What was sent before still leaves. */
  async close(): Promise<void> {
    this.#drained = Promise.withResolvers<void>();
    if (this.#sending > 0) await this.#drained.promise;
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }
}
