/** Requests that come again: by another way of a forking proxy (RFC 3261 §8.2.2.2), or after their transaction is forgotten. */
import { tagOf } from "./header-values.ts";
import type { SipRequest } from "./message.ts";

/** At least as long as the first of the two may still be answered: 64*T1. */
const REMEMBERED_MS = 32_000;

/** More first requests than this at one time are not remembered. */
const MOST = 10_000;

/** `copy`: a retransmission; `merged`: another transaction brought the same request. */
export type Sighting = "first" | "copy" | "merged";

export class MergedRequests {
  /** The branches of first requests; those of the time before go when the next time begins. */
  #recent = new Map<string, string>();
  #before = new Map<string, string>();
  #since = performance.now();

  /** What is known of this request; remembers it. */
  see(request: SipRequest): Sighting {
    const { from, cseq, via, "call-id": callId } = request.headers;
    const key = `${callId}\n${tagOf(from)}\n${cseq.seq}\n${cseq.method}`;
    const branch = via[0]?.params["branch"] ?? "";
    this.#forget(performance.now());
    const first = this.#recent.get(key) ?? this.#before.get(key);
    if (first === undefined) {
      if (this.#recent.size < MOST) this.#recent.set(key, branch);
      return "first";
    }
    return first === branch ? "copy" : "merged";
  }

  #forget(now: number): void {
    if (now - this.#since < REMEMBERED_MS) return;
    this.#before = now - this.#since < 2 * REMEMBERED_MS ? this.#recent : new Map();
    this.#recent = new Map();
    this.#since = now;
  }
}
