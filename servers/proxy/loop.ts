/** Finds requests that come back to us with nothing changed that would send them elsewhere (RFC 5393 §4.2). */

import { randomInt } from "node:crypto";
import type { SipRequest } from "#sip/message.ts";
import { markOf } from "#sip/transaction.ts";

/** Two proxies of our kind must not take each other's marks for their own. */
const SEED = randomInt(2 ** 32);

/** All that decides where a request goes, as a token at the end of our branch. */
export function loopMark({ uri, headers }: SipRequest): string {
  let hash = mix(SEED, uri);
  for (const route of headers.route ?? []) hash = mix(hash, route.uri);
  return hash.toString(36);
}

/** Whether a request with this mark has been here before; one that was changed meanwhile is only a spiral (§16.3 step 4). */
export function hasLooped({ headers }: SipRequest, mark: string): boolean {
  return headers.via.some(({ params }) => markOf(params["branch"]) === mark);
}

/** 53 bits of a text and what was before it (cyrb53): fast, and nobody gains by finding two that are alike. */
function mix(seed: number, text: string): number {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
