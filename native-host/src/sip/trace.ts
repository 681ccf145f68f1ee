/** What a stack sends and hears, for whoever watches it: each message as it was on the wire, without its secrets. */
import { masked } from "./masked.ts";
import type { SipMessage, Transport } from "./message.ts";
import type { Trace } from "./outbound.ts";
import { print } from "./stack.ts";

/** A literal address and port. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/** One message of a watched stack, retransmissions too. */
export interface Traced {
  readonly at: Date;
  readonly direction: "in" | "out";
  readonly transport: Transport;
  /** Our own listening address; a connection that we opened has another port. */
  readonly local: Address;
  readonly peer: Address;
  /** The message, its secrets masked, cut after 32 KiB. */
  readonly bytes: Uint8Array;
}

/** Enough for any head and body worth looking at, and little enough for one document of the XML API. */
const MAX_BYTES = 32_768;

/** Hands the messages of one stack to its watchers; without one it costs nothing. */
export class Watch {
  /** Set by the owner: where the stack listens, known once it is open. */
  local: Address = { address: "0.0.0.0", port: 0 };
  readonly #watchers = new Set<(message: Traced) => void>();

  /** The `onTrace` of the stack. */
  readonly trace: Trace = (direction, message, hop) => {
    if (this.#watchers.size === 0) return;
    const { protocol: transport, address, port } = hop;
    const common = { at: new Date(), direction, transport, local: this.local };
    const traced: Traced = { ...common, peer: { address, port }, bytes: written(message) };
    for (const watcher of [...this.#watchers]) watcher(traced);
  };

  /** Calls `watcher` with each message from now on; returns how to stop. */
  follow(watcher: (message: Traced) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

function written(message: SipMessage): Buffer {
  const text = masked(print(message).toString("latin1"));
  return Buffer.from(text.slice(0, MAX_BYTES), "latin1");
}
