/** Requests that come again: by another way of a forking proxy (RFC 3261 §8.2.2.2), or after their transaction is forgotten. */
import { tagOf } from "./header-values.ts";
import type { SipRequest, Transport } from "./message.ts";

/** At least as long as the first of the two may still be answered: 64*T1. */
const REMEMBERED_MS = 32_000;

/** More first requests than this at one time are not remembered. */
const MOST = 10_000;

/** `copy`: a retransmission; `merged`: another transaction brought the same request; another transport is a new try. */
export type Sighting = "first" | "copy" | "merged";

interface Arrival {
  readonly branch: string;
  readonly protocol: Transport;
}

export class MergedRequests {
  /** Where first requests came; those of the time before go when the next time begins. */
  #recent = new Map<string, Arrival>();
  #before = new Map<string, Arrival>();
  #since = performance.now();

  /** What is known of this request, which came by `protocol` whatever its Via says; remembers it. */
  see(request: SipRequest, protocol: Transport): Sighting {
    const { from, cseq, via, "call-id": callId } = request.headers;
    const key = `${callId}\n${tagOf(from)}\n${cseq.seq}\n${cseq.method}`;
    const here = { branch: via[0]?.params["branch"] ?? "", protocol };
    this.#forget(performance.now());
    const first = this.#recent.get(key) ?? this.#before.get(key);
    if (first === undefined) {
      if (this.#recent.size < MOST) this.#recent.set(key, here);
      return "first";
    }
    if (first.branch !== here.branch) return "merged";
    return first.protocol === here.protocol ? "copy" : "first";
  }

  #forget(now: number): void {
    if (now - this.#since < REMEMBERED_MS) return;
    this.#before = now - this.#since < 2 * REMEMBERED_MS ? this.#recent : new Map();
    this.#recent = new Map();
    this.#since = now;
  }
}
