/** Which of the final responses of a forked request its caller gets (RFC 3261 §16.7 step 6 and 7). */

import type { SipHeaders, SipRequest, SipResponse } from "#sip/message.ts";
import { isMadeUp, makeUp, reasonOf, withTag } from "#sip/response.ts";

/** What the stack says when a domain has no address: then there is no such user either (RFC 3261 §21.4.5). */
const UNKNOWN_HOST = "Host Not Found";

/** Statuses that tell the caller what to do, and so are better than others of their class. */
const TELLING = new Set([401, 407, 415, 420, 484]);

const CHALLENGES = ["www-authenticate", "proxy-authenticate"] as const;

/** What the branches of one request were refused with: keeps no more of it than the caller may get. */
export class Refusals {
  #best: SipResponse | undefined;
  /** Those that ask for a password, in the order they came. */
  readonly #asking: SipResponse[] = [];

  add(response: SipResponse): void {
    if (!this.#best || rank(response.status) < rank(this.#best.status)) this.#best = response;
    if (isChallenge(response)) this.#asking.push(response);
  }

  /** The best of them, made fit for the caller; undefined when it is kinder to say nothing. */
  bestFor(request: SipRequest): SipResponse | undefined {
    const response = upstream(this.#best ?? makeUp(request, 480));
    // Whoever sent anything but an INVITE has given up by now as well (RFC 4320 §4.2).
    if (response.status === 408 && request.method !== "INVITE") return undefined;
    if (!isChallenge(response)) return response;
    return { ...response, headers: { ...response.headers, ...challengesOf(this.#asking) } };
  }
}

function isChallenge({ status }: SipResponse): boolean {
  return status === 401 || status === 407;
}

/** 6xx first, then the lowest class, and in it what tells the caller what to do. A 503 is worth no more than another 5xx. */
function rank(status: number): number {
  if (status >= 600) return 0;
  return 1 + 2 * Math.floor(status / 100) + (TELLING.has(status) ? 0 : 1);
}

/** The caller may have the password of any of those who asked (§16.7 step 7). */
function challengesOf(finals: readonly SipResponse[]): Partial<SipHeaders> {
  const all: Partial<SipHeaders> = {};
  for (const name of CHALLENGES) {
    const asked = finals.flatMap(({ headers }) => headers[name] ?? []);
    if (asked.length > 0) all[name] = asked.length === 1 ? asked[0] : asked;
  }
  return all;
}

/**
 * The response for the caller; the transaction gives it the caller's Via. One that nobody sent needs a tag of ours,
 * and says that the callee cannot be reached. A 503 is about the server that sent it, not about us (§16.7 step 6); a 430
 * about a flow that is ours to care for.
 */
export function upstream(response: SipResponse): SipResponse {
  if (isMadeUp(response)) return fromUs(response);
  if (response.status === 503) return { ...response, status: 500, reason: reasonOf(500) };
  return response.status === 430 ? { ...response, status: 480, reason: reasonOf(480) } : response;
}

/** Its reason says what failed, which is worth telling. */
function fromUs(response: SipResponse): SipResponse {
  const { headers, reason } = response;
  const unreached = reason === UNKNOWN_HOST ? 404 : 480;
  const status = response.status === 503 ? unreached : response.status;
  return { ...response, status, headers: { ...headers, to: withTag(headers.to, headers["call-id"]) } };
}
