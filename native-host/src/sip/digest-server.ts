/** The server's half of digest authentication: its nonces, and whether an answer is right, stale or wrong (RFC 7616 §3.3, RFC 3261 §22). */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type AuthValue, parseAuth } from "./auth-header.ts";
import {
  type DigestInput,
  digestResponse,
  type HashName,
  parseAlgorithm,
  type Qop,
  type Signed,
} from "./digest.ts";
import { quote } from "./params.ts";
import { parseUri, type Uri } from "./uri.ts";

/** How long an answer may use one nonce, milliseconds. */
const NONCE_LASTS_MS = 300_000;
/** Nonces whose counts are remembered; beyond that the oldest become stale before their time. */
const MOST_NONCES = 10_000;

export interface DigestServerOptions {
  readonly realm: string;
  /** Offered in this order; the one we want most first. */
  readonly hashes: readonly HashName[];
  /** The quality offered; an answer without one counts as the first use of its nonce. */
  readonly qops?: readonly Qop[];
  /** HA1 of a user, undefined for nobody of ours. */
  ha1(username: string, hash: HashName): string | undefined;
  readonly nonceLastsMs?: number;
  readonly mostNonces?: number;
  /** Monotonic, milliseconds. */
  readonly now?: () => number;
}

export type Verdict =
  | { readonly name: "right"; readonly username: string }
  /** The password was right, the nonce is too old or was used before: the client asks again without its user. */
  | { readonly name: "stale" }
  | { readonly name: "wrong" }
  /** Nothing for this realm. */
  | { readonly name: "missing" };

interface Answer extends DigestInput {
  readonly username: string;
  readonly response: string;
}

export class DigestServer {
  readonly #options: DigestServerOptions;
  readonly #nonces: Nonces;

  constructor(options: DigestServerOptions) {
    this.#options = options;
    this.#nonces = new Nonces(options);
  }

  /** One value of WWW-Authenticate or Proxy-Authenticate for each hash, the best first (RFC 8760 §2.5). */
  challenges(stale = false, hashes: readonly HashName[] = this.#options.hashes): string[] {
    const { realm, qops = ["auth"] } = this.#options;
    const common = `Digest realm=${quote(realm)}, nonce="${this.#nonces.issue()}", qop="${qops.join(",")}"`;
    return hashes.map((name) => `${common}, algorithm=${name}${stale ? ", stale=true" : ""}`);
  }

  /** Judges Authorization or Proxy-Authorization, several of them joined by ", ". */
  verify(text: string | undefined, signed: Signed): Verdict {
    if (text === undefined) return { name: "missing" };
    const values = parseAuth(text);
    if (!values) return { name: "wrong" };
    const ours = values.find(
      ({ scheme, params }) => scheme === "digest" && params.get("realm") === this.#options.realm,
    );
    if (!ours) return { name: "missing" };
    const answer = this.#read(ours, signed);
    return answer && this.#isRight(answer) ? this.#nonces.use(answer) : { name: "wrong" };
  }

  #read({ params }: AuthValue, { method, uri, body }: Signed): Answer | undefined {
    const algorithm = parseAlgorithm(params.get("algorithm"));
    const named = params.get("uri");
    const written = params.get("qop");
    const qop = this.#qop(written);
    if (!algorithm || !this.#options.hashes.includes(algorithm.hash)) return undefined;
    if (named === undefined || !sameTarget(named, uri) || (written !== undefined && !qop)) return undefined;
    const text = (name: string) => params.get(name) ?? "";
    const nc = text("nc");
    if (qop && (!/^[0-9a-f]{8}$/i.test(nc) || text("cnonce") === "")) return undefined;
    const facts = { algorithm, method, uri: named, body, qop, nc, cnonce: text("cnonce") };
    return { ...facts, nonce: text("nonce"), username: text("username"), response: text("response") };
  }

  #qop(written: string | undefined): Qop | undefined {
    const { qops = ["auth"] } = this.#options;
    return qops.find((one) => one === written?.toLowerCase());
  }

  /** A name nobody has takes as long as a wrong password. */
  #isRight(answer: Answer): boolean {
    const known = this.#options.ha1(answer.username, answer.algorithm.hash);
    const expected = Buffer.from(digestResponse(known ?? "", answer));
    const given = Buffer.from(answer.response.toLowerCase());
    const same = given.length === expected.length && timingSafeEqual(given, expected);
    return same && known !== undefined;
  }
}

/** Whether a digest was made for this request: phones and proxies may write the same target a little differently. */
function sameTarget(named: string, uri: string): boolean {
  if (named === uri) return true;
  const [one, other] = [parseUri(named), parseUri(uri)];
  return one !== undefined && other !== undefined && place(one) === place(other);
}

function place({ scheme, user = "", host, port }: Uri): string {
  return `${scheme}:${user}@${host}:${port ?? ""}`;
}

/** Nonces that need no memory: a time and its keyed hash. Only how often one was used is remembered (RFC 7616 §5.4). */
class Nonces {
  readonly #key = randomBytes(32);
  readonly #realm: string;
  readonly #lastsMs: number;
  readonly #most: number;
  readonly #now: () => number;
  /** The last count of each nonce that was used, oldest first. */
  readonly #counts = new Map<string, number>();
  /** Nonces older than this were forgotten, and so count as used. */
  #forgottenUntil = -1;

  constructor({ realm, nonceLastsMs, mostNonces, now }: DigestServerOptions) {
    this.#realm = realm;
    this.#lastsMs = nonceLastsMs ?? NONCE_LASTS_MS;
    this.#most = mostNonces ?? MOST_NONCES;
    this.#now = now ?? (() => performance.now());
  }

  /** Two clients of the same moment must not share their counts: hence the salt. */
  issue(): string {
    const head = `${Math.floor(this.#now()).toString(36)}.${randomBytes(6).toString("hex")}`;
    return `${head}.${this.#seal(head)}`;
  }

  /** Counts one right answer; a nonce that is not ours, too old, or used up to this count is stale. */
  use({ nonce, nc, qop, username }: Answer): Verdict {
    const issuedAt = this.#issuedAt(nonce);
    const count = qop === undefined ? 1 : Number.parseInt(nc, 16);
    const tooOld =
      issuedAt === undefined || issuedAt <= this.#forgottenUntil || this.#now() - issuedAt > this.#lastsMs;
    if (tooOld || count <= (this.#counts.get(nonce) ?? 0)) return { name: "stale" };
    this.#counts.set(nonce, count);
    if (this.#counts.size > this.#most) this.#forgetOldest();
    return { name: "right", username };
  }

  #forgetOldest(): void {
    const [oldest] = this.#counts.keys();
    if (oldest === undefined) return;
    this.#counts.delete(oldest);
    this.#forgottenUntil = Math.max(this.#forgottenUntil, this.#issuedAt(oldest) ?? 0);
  }

  #issuedAt(nonce: string): number | undefined {
    const head = nonce.slice(0, nonce.lastIndexOf("."));
    const expected = Buffer.from(`${head}.${this.#seal(head)}`);
    const given = Buffer.from(nonce);
    const ours = given.length === expected.length && timingSafeEqual(given, expected);
    return ours ? Number.parseInt(nonce, 36) : undefined;
  }

  #seal(head: string): string {
    return createHmac("sha256", this.#key).update(`${head}:${this.#realm}`).digest("hex").slice(0, 32);
  }
}
