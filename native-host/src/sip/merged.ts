/** One request that reached us twice, by two ways of a forking proxy (RFC 3261 §8.2.2.2). */
import { tagOf } from "./header-values.ts";
import type { SipRequest } from "./message.ts";

/** As long as the first of the two may still be answered: 64*T1. */
const REMEMBERED_MS = 32_000;

/** More first requests than this at one time are not remembered. */
const MOST = 10_000;

interface Seen {
  readonly branch: string;
  readonly at: number;
}

export class MergedRequests {
  readonly #seen = new Map<string, Seen>();

  /** Whether another transaction brought this request before; remembers it if not. */
  merged(request: SipRequest): boolean {
    const { from, cseq, via, "call-id": callId } = request.headers;
    const key = [callId, tagOf(from), cseq.seq, cseq.method].join("\n");
    const branch = via[0]?.params["branch"] ?? "";
    const now = performance.now();
    this.#forget(now);
    const first = this.#seen.get(key);
    if (!first && this.#seen.size < MOST) this.#seen.set(key, { branch, at: now });
    return first !== undefined && first.branch !== branch;
  }

  /** The oldest stand first in a Map. */
  #forget(now: number): void {
    for (const [key, { at }] of this.#seen) {
      if (now - at < REMEMBERED_MS) return;
      this.#seen.delete(key);
    }
  }
}
