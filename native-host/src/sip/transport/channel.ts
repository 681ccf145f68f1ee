/** What a connection runs on: a stream of bytes or a WebSocket. */
import type { Frame } from "./framer.ts";

export interface Channel {
  /** What we have written and the system has not taken yet. */
  readonly unsentBytes: number;
  /** Says who hears what happens; called once, at once. */
  hear(listener: ChannelListener): void;
  /** Returns whether `bytes` may be written over; if not, they are still to be sent. */
  write(bytes: Buffer, onFailed: (error: Error) => void): boolean;
  /** Reads no more. */
  pause(): void;
  /** Ends our side once all is written; the peer should end its own. */
  finish(): void;
  destroy(): void;
  /** Whether the peer has shown a good certificate for this domain. */
  proves(domain: string): boolean;
}

export interface ChannelListener {
  /** Connected, and where there are handshakes they are done. */
  onOpen(): void;
  /** Messages that are whole, and how many bytes of the next one have come. */
  onRead(frames: readonly Frame[], unfinishedBytes: number): void;
  /** Comes before its end, if at all. */
  onError(error: Error): void;
  onClosed(): void;
}
