/** Requests that come again: by another way of a forking proxy (RFC 3261 §8.2.2.2), or after their transaction is forgotten. */
import { hash } from "node:crypto";
import { tagOf } from "./header-values.ts";
import type { SipRequest, Transport } from "./message.ts";

/** At least as long as the first of the two may still be answered: 64*T1. */
const REMEMBERED_MS = 32_000;

/** More first requests than this at one time are not remembered. */
const MOST = 10_000;

/** `copy`: a retransmission; `merged`: another transaction brought the same request; another transport is a new try. */
export type Sighting = "first" | "copy" | "merged";

/** A request with a longer name, which no honest peer gives, is remembered by a hash of it. */
const LONGEST = 250;

export class MergedRequests {
  /** Where first requests came, by their name; those of the time before go when the next time begins. */
  #recent = new Map<string, string>();
  #before = new Map<string, string>();
  #since = performance.now();

  /** What is known of this request, which came by `protocol` whatever its Via says; remembers it. */
  see(request: SipRequest, protocol: Transport): Sighting {
    const { from, cseq, via, "call-id": callId } = request.headers;
    const name = brief([callId, tagOf(from), cseq.seq, cseq.method]);
    const here = brief([via[0]?.params["branch"] ?? "", protocol]);
    this.#forget(performance.now());
    const first = this.#recent.get(name) ?? this.#before.get(name);
    if (first === undefined) {
      if (this.#recent.size < MOST) this.#recent.set(name, here);
      return "first";
    }
    if (first === here) return "copy";
    return branchIn(first) === branchIn(here) ? "first" : "merged";
  }

  #forget(now: number): void {
    if (now - this.#since < REMEMBERED_MS) return;
    this.#before = now - this.#since < 2 * REMEMBERED_MS ? this.#recent : new Map();
    this.#recent = new Map();
    this.#since = now;
  }
}

/** Joined, and not added up: a sum of pieces of a message would keep all of it. The last part is not hashed. */
function brief(parts: readonly (string | number)[]): string {
  const text = parts.join("\n");
  if (text.length <= LONGEST) return text;
  return `${hash("sha256", parts.slice(0, -1).join("\n"), "base64")}\n${parts.at(-1)}`;
}

function branchIn(arrival: string): string {
  return arrival.slice(0, arrival.lastIndexOf("\n"));
}
