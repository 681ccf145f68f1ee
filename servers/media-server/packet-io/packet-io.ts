/** How packets come and go: one UDP port per stream, behind an interface that a faster implementation may serve. */
import type { Address } from "../address-lock.ts";

export type PacketHandler = (stream: number, packet: Uint8Array, address: string, port: number) => void;

/** Ports that may be used, both ends included; `first` 0 lets the system choose. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export interface PacketIo {
  /** Opens a port for a stream and returns its number. Throws NoPortError when none is free. */
  open(stream: number): Promise<number>;
  /** Sends; never throws, a packet that cannot be sent is lost. The packet must stay as it is for three ticks. */
  send(stream: number, packet: Uint8Array, to: Address): void;
  /** Closes a stream's port; nothing is received from it any more. */
  close(stream: number): void;
}

/** Every port of the range is taken, or the system gives no more sockets. */
export class NoPortError extends Error {
  override readonly name = "NoPortError";
}
