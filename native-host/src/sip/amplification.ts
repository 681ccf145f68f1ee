/** What a source that may be forged can draw from us over UDP: three times its own bytes, until it shows that it hears us. */
import type { Printable, RawHeaders } from "./codec.ts";
import { parseTargetDialog } from "./header-values.ts";
import { MAX_DATAGRAM_BYTES } from "./limits.ts";
import {
  type Hop,
  type SipHeaders,
  type SipMessage,
  type SipRequest,
  textHeader,
  type Via,
} from "./message.ts";

/** Bytes we send for each byte an unproved source has sent (the limit QUIC has too, RFC 9000 §8.1). */
const FACTOR = 3;
/** Left over by every question, so that a BYE or a refusal can still end a call that nobody confirmed. */
const GOODBYE_BYTES = 330;
/** Room for one question. */
const QUESTION_BYTES = 330;
/**
 * Questions that have room left over after what is sent again and after what is large. A question shows as much as a copy
 * of a 200 at a third of its bytes; where a fifth of all datagrams is lost, one and its answer arrive in 64 of 100.
 */
const QUESTIONS = 4;
const ASKING_BYTES = QUESTIONS * QUESTION_BYTES + GOODBYE_BYTES;
/** Room for the answer that follows a 100. */
const ANSWER_BYTES = 1000;
/** No question is shorter. */
const LEAST_QUESTION_BYTES = 240;
/** A proof counts for so long. */
const PROVED_FOR_MS = 3_600_000;
/** More of anything than this is not remembered: the oldest goes. */
const MOST = 10_000;
/** Where a response goes whose Via names no port (RFC 3261 §18.2.2). */
const DEFAULT_PORT = 5060;
const BEGINS_DIALOG: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE", "REFER"]);

/** What we know of one address and port. */
interface Source {
  readonly keys: string[];
  received: number;
  spent: number;
  /** On the monotonic clock; undefined as long as it may be forged. */
  provedAt: number | undefined;
}

/**
 * A source is proved once anybody repeats what we told it alone: the tag of a 1xx or 2xx, also in a Target-Dialog
 * (RFC 4538), or the branch of a request.
 * Requests that begin a dialog of ours go where we chose and are not limited.
 */
export class Amplification {
  readonly #now: () => number;
  readonly #unproved = new Map<string, Source>();
  readonly #proved = new Map<string, Source>();
  /** Who began a dialog with us, by Call-ID: what we say in it, wherever that goes, is said because of them. */
  readonly #began = new Map<string, Source>();
  readonly #told = new Map<string, Source>();
  /** One hop is asked about several times for each message. */
  #latest: { readonly hop: Hop; readonly key: string } | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A datagram came, whatever is in it. */
  received(hop: Hop, bytes: number): void {
    const key = this.#keyOf(hop);
    if (!this.#isProved(key)) this.#source(key).received += bytes;
  }

  /** A message that could be read came; what it repeats may prove the one we told it. */
  heard(message: SipMessage, source: Hop): void {
    if (this.#told.size > 0) this.#prove(message);
    if (source.protocol !== "UDP" || !("method" in message)) return;
    const asker = this.#answeredAt(message.headers.via[0], source);
    if (asker && isFirst(message)) keep(this.#began, message.headers["call-id"], asker);
  }

  /** A message came that is refused without being read. */
  refused(via: Via, source: Hop): void {
    if (source.protocol === "UDP") this.#answeredAt(via, source);
  }

  /** Answers to a source may go to another port than it sent from (no rport); they are still because of it. */
  #answeredAt(via: Via | undefined, hop: Hop): Source | undefined {
    const { address, port } = hop;
    const key = this.#keyOf(hop);
    const source = this.#isProved(key) ? this.#proved.get(key) : this.#source(key);
    const backPort = !via || "rport" in via.params ? port : (via.port ?? DEFAULT_PORT);
    const back = backPort === port ? key : keyOf(address, backPort);
    if (source && back !== key && !this.#proved.has(back) && !this.#unproved.has(back)) {
      source.keys.push(back);
      keep(source.provedAt === undefined ? this.#unproved : this.#proved, back, source);
    }
    return source?.provedAt === undefined ? source : undefined;
  }

  /** Whether these bytes may go there now; if so they are counted. */
  admits(message: Printable, hop: Hop, bytes: number): boolean {
    if (hop.protocol !== "UDP") return true;
    const key = this.#keyOf(hop);
    if (this.#isProved(key)) return true;
    const cause = this.#causeOf(message, key);
    const secret = secretOf(message);
    if (cause && !spend(cause, bytes, this.#reserve(message, secret, bytes))) return false;
    if (secret !== undefined) keep(this.#told, secret, this.#source(key));
    return true;
  }

  /** Undefined for what is not because of anybody, or of somebody proved. */
  #causeOf(message: Printable, key: string): Source | undefined {
    if (!("method" in message)) return this.#source(key);
    const cause = isFirst(message) ? undefined : this.#began.get(message.headers["call-id"]);
    return cause?.provedAt === undefined ? cause : undefined;
  }

  /** Whether there is room for any question; for whom there is none, none need be written. */
  hasRoomToAsk(hop: Hop): boolean {
    return fits(this.#source(this.#keyOf(hop)), LEAST_QUESTION_BYTES + GOODBYE_BYTES);
  }

  /**
   * Whether this question (an OPTIONS) may go to a source that was refused something; if so its bytes are counted. What
   * an honest peer answered may be lost, and without a question it could never be told anything again.
   */
  admitsQuestion(question: SipRequest, hop: Hop, bytes: number): boolean {
    const source = this.#source(this.#keyOf(hop));
    const branch = branchOf(question);
    if (branch === undefined || !spend(source, bytes, GOODBYE_BYTES)) return false;
    keep(this.#told, branch, source);
    return true;
  }

  /** What must still have room after a message that was sent before, that is large, or that is no answer yet. */
  #reserve(message: Printable, secret: string | undefined, bytes: number): number {
    if (isTrying(message)) return ANSWER_BYTES + ASKING_BYTES;
    const isRequest = "method" in message;
    const endsTheCall = isRequest ? message.method === "BYE" : message.status >= 300;
    const isCopy = secret !== undefined && this.#told.has(secret);
    const canWait = isCopy || (isRequest && bytes > MAX_DATAGRAM_BYTES);
    return canWait && !endsTheCall ? ASKING_BYTES : 0;
  }

  #prove(message: SipMessage): void {
    const secret = repeatedBy(message);
    const source = secret ? this.#told.get(secret) : undefined;
    if (!source) return;
    source.provedAt = this.#now();
    for (const key of source.keys) {
      this.#unproved.delete(key);
      keep(this.#proved, key, source);
    }
  }

  #keyOf(hop: Hop): string {
    if (this.#latest?.hop !== hop) this.#latest = { hop, key: keyOf(hop.address, hop.port) };
    return this.#latest.key;
  }

  #isProved(key: string): boolean {
    const provedAt = this.#proved.get(key)?.provedAt;
    if (provedAt === undefined) return false;
    if (this.#now() - provedAt < PROVED_FOR_MS) return true;
    this.#proved.delete(key);
    return false;
  }

  #source(key: string): Source {
    const known = this.#unproved.get(key);
    if (known) return known;
    const source = { keys: [key], received: 0, spent: 0, provedAt: undefined };
    keep(this.#unproved, key, source);
    return source;
  }
}

function spend(source: Source, bytes: number, reserve: number): boolean {
  if (!fits(source, bytes + reserve)) return false;
  source.spent += bytes;
  return true;
}

function fits({ spent, received }: Source, bytes: number): boolean {
  return spent + bytes <= FACTOR * received;
}

/** A 100: whoever hears none repeats his INVITE, and so pays for more; whoever hears one does not, even if the answer is lost. */
export function isTrying(message: Printable): boolean {
  return "status" in message && message.status === 100;
}

/** What nobody can know whom we have not told: our branches, and the random tags of a dialog's 1xx and 2xx. */
function secretOf(message: Printable): string | undefined {
  if ("method" in message) return branchOf(message);
  const { status, headers } = message;
  // A refusal of what could not be read has its headers as they came, and no tag of a dialog.
  if (status <= 100 || status >= 300 || !isRead(headers) || !BEGINS_DIALOG.has(headers.cseq.method))
    return undefined;
  return headers.to.params["tag"] ?? undefined;
}

/** The tag or branch by which a message may show that its sender got one of ours. */
function repeatedBy(message: SipMessage): string | null | undefined {
  if (!("method" in message)) return branchOf(message);
  const { to } = message.headers;
  return to.params["tag"] ?? parseTargetDialog(textHeader(message, "target-dialog") ?? "")?.localTag;
}

function isRead(headers: RawHeaders | SipHeaders): headers is SipHeaders {
  return typeof headers.cseq === "object";
}

function branchOf({ headers }: SipMessage): string | undefined {
  return headers.via[0]?.params["branch"]?.toLowerCase();
}

function isFirst({ headers }: SipRequest): boolean {
  return !headers.to.params["tag"];
}

/** Adds to a map that forgets its oldest. */
function keep(map: Map<string, Source>, key: string, source: Source): void {
  if (map.size >= MOST && !map.has(key)) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(key, source);
}

function keyOf(address: string, port: number): string {
  return `${address} ${port}`;
}

/** What a response may say and need not (RFC 3261 §20, table 2). */
const DISPENSABLE: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "allow",
  "allow-events",
  "server",
  "supported",
  "user-agent",
]);

/** A response without what it need not say; undefined for a request, and where that saves nothing. */
export function terse(message: Printable): Printable | undefined {
  if ("method" in message) return undefined;
  const all = Object.entries(message.headers);
  const needed = all.filter(([name]) => !DISPENSABLE.has(name));
  // The headers that make it a response are all needed, so it still has them.
  return needed.length < all.length
    ? { ...message, headers: Object.fromEntries(needed) as SipHeaders }
    : undefined;
}
