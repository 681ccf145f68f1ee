/** The two sides of a transaction as their owners see them, and what makes two messages belong to one (RFC 3261 §17). */
import type { Hop, SipMessage, SipRequest, SipResponse } from "./message.ts";
import { randomHex } from "./random.ts";
import { sentBy } from "./via.ts";

/** One request that came in, to be answered by its owner. */
export interface ServerTransaction {
  readonly request: SipRequest;
  readonly source: Hop;
  /** Any number of 1xx, then one final response; after a 2xx to an INVITE the same again retransmits it. Never throws. */
  respond(response: SipResponse): void;
  /** Forgets the request; no answer of the stack's own goes out. */
  close(): void;
  /** The peer cancelled an INVITE that has no final response, and may have said why (Reason, RFC 3326); its owner answers 487. Without it the stack does. */
  onCancel?: ((reason?: string) => void) | undefined;
}

/** One request that went out. */
export interface ClientTransaction {
  readonly branch: string;
  /** Where the request went, once that is known. */
  readonly hop?: Hop | undefined;
  /** INVITE only: sends CANCEL, after the first 1xx as RFC 3261 §9.1 asks; the final response still comes. `reason` is its Reason header (RFC 3326). */
  cancel(reason?: string): void;
}

const MAGIC_COOKIE = "z9hG4bK";
const LOWER_COOKIE = MAGIC_COOKIE.toLowerCase();

/** A branch nobody can guess and nobody else has (RFC 3261 §8.1.1.7); `mark` is what it says to its owner (§16.6 step 8). */
export function newBranch(mark?: string): string {
  const own = MAGIC_COOKIE + randomHex(12);
  return mark === undefined ? own : `${own}.${mark}`;
}

/** The mark given to a branch of ours; undefined when it has none. */
export function markOf(branch: string | null | undefined): string | undefined {
  const at = branch?.lastIndexOf(".") ?? -1;
  return at < 0 ? undefined : branch?.slice(at + 1);
}

/** What a response and the request it answers have in common (RFC 3261 §17.1.3). */
export function clientKey(message: SipMessage): string {
  const branch = message.headers.via[0]?.params["branch"] ?? "";
  return `${branch.toLowerCase()} ${message.headers.cseq.method}`;
}

/**
 * What a request and its retransmissions, an INVITE and its ACK have in common (RFC 3261 §17.2.3), `over` one transport if
 * that is given. The Call-ID is in it as well, for peers whose branches are not unique. Joined, and not added up, for a
 * sum of pieces of a message would keep all of it.
 */
export function serverKey(request: SipRequest, method = request.method, over = ""): string {
  const { via, from, cseq, "call-id": callId } = request.headers;
  const [top] = via;
  const of = method === "ACK" ? "INVITE" : method;
  const branch = top?.params["branch"]?.toLowerCase() ?? "";
  const common = [over, branch, top ? sentBy(top) : "", of, callId];
  if (branch.startsWith(LOWER_COOKIE)) return common.join(" ");
  // A peer of RFC 2543 promises nothing about its branch.
  return [...common, request.uri, from.params["tag"], cseq.seq].join(" ");
}
