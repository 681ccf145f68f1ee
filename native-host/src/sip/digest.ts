/** Digest authentication: the hashes, and the answer a client gives to a challenge (RFC 7616 §3.4, RFC 8760, RFC 3261 §22.4). */
import { hash, randomBytes } from "node:crypto";
import { type AuthValue, formatDigest, parseAuth } from "./auth-header.ts";
import { bytesOf } from "./bytes.ts";

export type HashName = "MD5" | "SHA-256" | "SHA-512-256";

/** The strongest first. */
export const HASHES = ["SHA-512-256", "SHA-256", "MD5"] as const satisfies readonly HashName[];

const OPENSSL_NAMES = { MD5: "md5", "SHA-256": "sha256", "SHA-512-256": "sha512-256" } as const;

/** A hash, and whether the session variant of it (RFC 7616 §3.4.2). */
export interface Algorithm {
  readonly hash: HashName;
  readonly sess: boolean;
}

export type Qop = "auth" | "auth-int";

/** HA1 by hash: what is kept in place of a password. */
export type Ha1s = { readonly [Name in HashName]?: string };

/** The name and password of one realm; `ha1s` in place of the password where that is not known. */
export type Secret = { readonly username: string; readonly realm: string } & (
  | { readonly password: string; readonly ha1s?: undefined }
  | { readonly ha1s: Ha1s; readonly password?: undefined }
);

export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: Algorithm;
  /** As the server wrote it; undefined means MD5 and is not repeated in the answer. */
  readonly writtenAlgorithm: string | undefined;
  /** Undefined: a server of RFC 2069, which knows none. */
  readonly qop: Qop | undefined;
  readonly opaque: string | undefined;
  readonly stale: boolean;
}

/** The request that is signed; `body` counts for auth-int only. */
export interface Signed {
  readonly method: string;
  readonly uri: string;
  readonly body: string;
}

/** What both sides put into the hash besides the secret. */
export interface DigestInput extends Signed {
  readonly algorithm: Algorithm;
  readonly nonce: string;
  readonly nc: string;
  readonly cnonce: string;
  readonly qop: Qop | undefined;
}

function digest(name: HashName, text: string): string {
  return hash(OPENSSL_NAMES[name], bytesOf(text), "hex");
}

/** H(username:realm:password), lower-case hex. */
export function ha1Of(name: HashName, secret: { username: string; realm: string; password: string }): string {
  return digest(name, `${secret.username}:${secret.realm}:${secret.password}`);
}

/** The response parameter, from HA1 without its session part (RFC 7616 §3.4.1). */
export function digestResponse(ha1: string, input: DigestInput): string {
  const { algorithm, nonce, nc, cnonce, qop, method, uri, body } = input;
  const h = (text: string) => digest(algorithm.hash, text);
  const a1 = algorithm.sess ? h(`${ha1}:${nonce}:${cnonce}`) : ha1;
  const a2 = h(qop === "auth-int" ? `${method}:${uri}:${h(body)}` : `${method}:${uri}`);
  return h(qop === undefined ? `${a1}:${nonce}:${a2}` : `${a1}:${nonce}:${nc}:${cnonce}:${qop}:${a2}`);
}

/** `SHA-256-sess` and the like, in any case; undefined for one we do not know. */
export function parseAlgorithm(written = "MD5"): Algorithm | undefined {
  const upper = written.toUpperCase();
  const sess = upper.endsWith("-SESS");
  const bare = sess ? upper.slice(0, -"-SESS".length) : upper;
  const name = HASHES.find((one) => one === bare);
  return name && { hash: name, sess };
}

/** The challenges in a WWW-Authenticate or Proxy-Authenticate that we could answer, the strongest first (RFC 8760 §2.4). */
export function parseChallenges(text: string): Challenge[] {
  const known = (parseAuth(text) ?? []).flatMap((value) => readChallenge(value) ?? []);
  return known.sort((one, other) => strength(one) - strength(other));
}

function strength({ algorithm }: Challenge): number {
  return HASHES.indexOf(algorithm.hash);
}

function readChallenge({ scheme, params }: AuthValue): Challenge | undefined {
  const realm = params.get("realm");
  const nonce = params.get("nonce");
  const writtenAlgorithm = params.get("algorithm");
  const algorithm = parseAlgorithm(writtenAlgorithm);
  const offered = params.get("qop");
  const qop = offered === undefined ? undefined : chooseQop(offered);
  if (scheme !== "digest" || realm === undefined || nonce === undefined || !algorithm) return undefined;
  if (offered !== undefined && qop === undefined) return undefined;
  const stale = params.get("stale")?.toLowerCase() === "true";
  return { realm, nonce, algorithm, writtenAlgorithm, qop, opaque: params.get("opaque"), stale };
}

/** auth where we may choose: a proxy that changes the body on its way then breaks nothing. */
function chooseQop(offered: string): Qop | undefined {
  const options = offered.toLowerCase().split(/[\s,]+/);
  if (options.includes("auth")) return "auth";
  return options.includes("auth-int") ? "auth-int" : undefined;
}

/** HA1 for a challenge; undefined when it was kept for other hashes only. */
export function ha1For(secret: Secret, name: HashName): string | undefined {
  return secret.password === undefined ? secret.ha1s[name] : ha1Of(name, secret);
}

/** How often a nonce was used, this time included, and our own nonce; a fixed one for tests. */
export interface AnswerOptions {
  readonly count: number;
  readonly cnonce?: string;
}

/** The value of Authorization or Proxy-Authorization; undefined when the secret has no HA1 of that hash. */
export function answerChallenge(
  challenge: Challenge,
  secret: Secret,
  signed: Signed,
  { count, cnonce = randomBytes(16).toString("hex") }: AnswerOptions,
): string | undefined {
  const { realm, nonce, algorithm, writtenAlgorithm, qop, opaque } = challenge;
  const ha1 = ha1For(secret, algorithm.hash);
  if (ha1 === undefined) return undefined;
  const nc = count.toString(16).padStart(8, "0");
  const response = digestResponse(ha1, { ...signed, algorithm, nonce, nc, cnonce, qop });
  const params: [string, string | undefined][] = [
    ["username", secret.username],
    ["realm", realm],
    ["nonce", nonce],
    ["uri", signed.uri],
    ["response", response],
    ["algorithm", writtenAlgorithm],
    ["cnonce", qop || algorithm.sess ? cnonce : undefined],
    ["opaque", opaque],
    ["qop", qop],
    ["nc", qop && nc],
  ];
  return formatDigest(
    new Map(params.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
  );
}
