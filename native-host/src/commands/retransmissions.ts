/** Which messages of a trace are repeated ones: the very same bytes, the same way, within 64*T1 (RFC 3261 §17). */
import { createHash } from "node:crypto";
import type { Traced } from "../sip/trace.ts";

const WITHIN_MS = 32_000;
const MOST_REMEMBERED = 10_000;

export class Retransmissions {
  /** When each message was last seen, the oldest first. */
  readonly #seen = new Map<string, number>();

  isRepeated({ at, direction, peer, bytes }: Traced): boolean {
    const hash = createHash("sha1").update(bytes).digest("base64");
    const key = `${direction} ${peer.address} ${peer.port} ${hash}`;
    const last = this.#seen.get(key);
    this.#seen.delete(key);
    this.#seen.set(key, at.getTime());
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MOST_REMEMBERED && oldest !== undefined) this.#seen.delete(oldest);
    return last !== undefined && at.getTime() - last <= WITHIN_MS;
  }
}
