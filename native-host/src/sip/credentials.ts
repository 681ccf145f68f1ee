/** Our names and passwords, and to whom each may be shown: its own realm, at its own servers (RFC 3261 §22.3). */
import { answerChallenge, type Challenge, ha1For, parseChallenges, type Secret } from "./digest.ts";
import type { Hop, SipHeaders, SipMessage, SipRequest, SipResponse, SipUri } from "./message.ts";
import { nextUri } from "./resolver.ts";
import { bracketed, parseUri } from "./uri.ts";

/** One name and its password, or what is kept of it. */
export type Credentials = Secret & {
  /** Requests in this name prefer them over others of the same realm. */
  readonly aor?: SipUri;
  /** The servers they may be shown to: a registrar, a domain, a proxy. Those of the user agent when missing. */
  readonly servers?: readonly SipUri[];
};

/** Challenges to one request that are answered before we give up: a few proxies in a row, each once stale. */
const MOST_ROUNDS = 6;
/** Nonces whose counts are remembered (some servers give everybody the same one), and addresses of servers. */
const MOST_REMEMBERED = 1000;

type AnswerName = "authorization" | "proxy-authorization";

/** How each of the two statuses asks and is answered (RFC 3261 §22.2, §22.3). */
const HEADERS = {
  401: { asks: "www-authenticate", answers: "authorization" },
  407: { asks: "proxy-authenticate", answers: "proxy-authorization" },
} as const satisfies Record<401 | 407, { asks: string; answers: AnswerName }>;

interface Known {
  readonly answers: AnswerName;
  readonly challenge: Challenge;
  readonly secret: Secret;
}

/** The challenges to one request, by header and realm: nobody is told twice unless what we said was stale. */
export class Challenged {
  rounds = 0;
  readonly known = new Map<string, Known>();
}

export class Wallet {
  readonly #credentials = new Set<Credentials>();
  readonly #servers: readonly SipUri[];
  readonly #counts = new Map<string, number>();
  /** `address name`: what a name of our servers was resolved to, for a Record-Route often has only that. */
  readonly #resolved = new Set<string>();

  /** `servers` are for credentials that do not name their own. */
  constructor(servers: readonly SipUri[], credentials: readonly Credentials[] = []) {
    this.#servers = servers;
    for (const one of credentials) this.#credentials.add(one);
  }

  get isEmpty(): boolean {
    return this.#credentials.size === 0;
  }

  /** Returns what takes them out again. */
  add(credentials: Credentials): () => void {
    this.#credentials.add(credentials);
    return () => this.#credentials.delete(credentials);
  }

  /** A request went to this address: the server it is for may name itself by that. */
  wentTo(request: SipRequest, { address, port }: Hop): void {
    if (this.isEmpty) return;
    if (this.#resolved.size >= MOST_REMEMBERED) this.#resolved.clear();
    this.#resolved.add(`${place(bracketed(address), port)} ${placeOf(nextUri(request))}`);
  }

  /**
   * The headers that answer a 401 or 407 to `request`; undefined when we have nothing to say, have said it already,
   * or the challenge is not one of our own servers'.
   */
  answer(
    request: SipRequest,
    response: SipResponse,
    challenged: Challenged,
  ): Partial<SipHeaders> | undefined {
    const { status } = response;
    if (this.isEmpty || (status !== 401 && status !== 407)) return undefined;
    challenged.rounds += 1;
    if (challenged.rounds > MOST_ROUNDS || !mayBeChallenged(request.method)) return undefined;
    const text = authHeader(response, HEADERS[status].asks) ?? "";
    const news = parseChallenges(text).filter((one) => this.#learn(request, one, { status, challenged }));
    return news.length === 0 ? undefined : this.#headers(request, challenged);
  }

  /** Whether this challenge is one we can answer and have not answered yet; the strongest of a realm comes first. */
  #learn(
    request: SipRequest,
    challenge: Challenge,
    { status, challenged: { known } }: { status: 401 | 407; challenged: Challenged },
  ): boolean {
    const { answers } = HEADERS[status];
    const key = `${answers} ${challenge.realm}`;
    const before = known.get(key)?.challenge;
    if (before && (before.nonce === challenge.nonce || !challenge.stale)) return false;
    const secret = this.#find(request, challenge, status);
    if (!secret) return false;
    known.set(key, { answers, challenge, secret });
    return true;
  }

  /** Every realm is answered anew, also one that was content: its count goes up (RFC 7616 §3.4). */
  #headers(request: SipRequest, { known }: Challenged): Partial<SipHeaders> {
    const said: Record<AnswerName, string[]> = { authorization: [], "proxy-authorization": [] };
    for (const { answers, challenge, secret } of known.values()) {
      const signed = { method: request.method, uri: request.uri, body: request.content };
      const text = answerChallenge(challenge, secret, signed, { count: this.#count(challenge.nonce) });
      if (text !== undefined) said[answers].push(text);
    }
    const filled = Object.entries(said).filter(([, values]) => values.length > 0);
    return Object.fromEntries(filled.map(([name, values]) => [name, oneOrMore(values)]));
  }

  #find(request: SipRequest, { realm, algorithm }: Challenge, status: 401 | 407): Credentials | undefined {
    const from = request.headers.from.uri;
    const fitting = [...this.#credentials].filter(
      (one) =>
        one.realm === realm &&
        ha1For(one, algorithm.hash) !== undefined &&
        this.#isOwnServer(one, request, status),
    );
    return fitting.find(({ aor }) => aor === from) ?? fitting[0];
  }

  /** A proxy's challenge must come from the next hop; a server's also be about a request for that server itself. */
  #isOwnServer({ servers = this.#servers }: Credentials, request: SipRequest, status: 401 | 407): boolean {
    const own = servers.flatMap((uri) => placeOf(uri) ?? []);
    const isOwn = (uri: string) => {
      const there = placeOf(uri);
      return own.some((server) => server === there || this.#resolved.has(`${there} ${server}`));
    };
    return isOwn(nextUri(request)) && (status === 407 || isOwn(request.uri));
  }

  #count(nonce: string): number {
    if (this.#counts.size >= MOST_REMEMBERED) this.#counts.clear();
    const count = (this.#counts.get(nonce) ?? 0) + 1;
    this.#counts.set(nonce, count);
    return count;
  }
}

/** ACK and CANCEL cannot be sent again with another CSeq (§22.1). */
function mayBeChallenged(method: string): boolean {
  return method !== "ACK" && method !== "CANCEL";
}

/** Where a request for this URI goes, and so who can ask for a password: maddr counts more than the host. */
function placeOf(text: string): string | undefined {
  const uri = parseUri(text);
  if (!uri || uri.host === "") return undefined;
  const { maddr } = uri.params;
  return place(maddr ? bracketed(maddr.toLowerCase()) : uri.host, uri.port);
}

/** Host and port; the default ports are one with no port. */
function place(host: string, port = 5060): string {
  return `${host}:${port === 5061 ? 5060 : port}`;
}

function oneOrMore(values: readonly string[]): string | readonly string[] {
  const [only] = values;
  return only !== undefined && values.length === 1 ? only : values;
}

/** A header of challenges or credentials as one text, also when it was given as several lines. */
export function authHeader(message: SipMessage, name: string): string | undefined {
  const value = message.headers[name];
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "string" ? value : undefined;
}

/** What a request says of who we are, if anything: the ACK to its 2xx repeats it (§22.1). */
export function shown({ headers }: SipRequest): Partial<SipHeaders> | undefined {
  const { authorization, "proxy-authorization": proxy } = headers;
  if (authorization === undefined && proxy === undefined) return undefined;
  return {
    ...(authorization !== undefined && { authorization }),
    ...(proxy !== undefined && { "proxy-authorization": proxy }),
  };
}
