/** A phone's web server: requests with the login it asks for, redirects within the phone, refusals as sentences. */

import { ServiceError } from "../../errors.ts";
import { parseAuth } from "../../sip/auth-header.ts";
import { answerChallenge, type Challenge, parseChallenges } from "../../sip/digest.ts";
import type { Credentials, Dialect, PhoneAnswer, Template } from "./dialect.ts";
import { type ExchangeOptions, exchange } from "./exchange.ts";
import { type Filled, fill, type Values, wants } from "./fill.ts";
import { openPhoneSocket } from "./phone-socket.ts";
import { refusalOf } from "./refusal.ts";

const CHECK_MS = 400;
const NEVER = new AbortController().signal;

/** Redirects within the phone, e.g. to https. */
const MOST_REDIRECTS = 3;

export interface PhoneHttpOptions extends ExchangeOptions {
  /** Read anew for each login; undefined: none configured. */
  readonly credentials: () => Promise<Credentials | undefined>;
  /** A password may be sent as it is over plain HTTP. */
  readonly clearPassword: boolean;
}

type Headers = Readonly<Record<string, string>>;
type SignIn = NonNullable<Dialect["signIn"]>;
const NONE: Headers = {};

interface Try {
  readonly filled: Filled;
  readonly phone: ExchangeOptions;
  readonly signal: AbortSignal;
}

export class PhoneHttp {
  readonly #options: PhoneHttpOptions;
  /** What the phone asked for last: answered at once from then on. */
  #challenge: Challenge | "basic" | undefined;
  #count = 0;
  #session: Headers | undefined;

  constructor(options: PhoneHttpOptions) {
    this.#options = options;
  }

  /** Whether the phone asked for the password, and took it. */
  get loggedIn(): boolean {
    return this.#challenge !== undefined || this.#session !== undefined;
  }

  /** Whether anybody takes connections there; asks nothing, and takes half a second at most. */
  async answers(): Promise<boolean> {
    const { id, url } = this.#options;
    try {
      (await openPhoneSocket({ id, url, connectMs: CHECK_MS, trusted: true }, NEVER)).destroy();
      return true;
    } catch {
      return false;
    }
  }

  /** What the phone says of itself to whoever asks: headers, and the beginning of its page. */
  async introduction(signal: AbortSignal): Promise<string> {
    const { headers, body } = await exchange({ method: "GET", path: "/" }, NONE, {
      phone: this.#options,
      signal,
    });
    const { server, "www-authenticate": realm, location } = headers;
    return [server, realm, location, body.slice(0, 4096)].filter((one) => one !== undefined).join("\n");
  }

  /** Resolves with the answer of a phone that obeyed. Throws ServiceError. */
  async send(
    template: Template,
    values: Values,
    { dialect, signal }: { dialect: Dialect; signal: AbortSignal },
  ) {
    const login = wants(template, "password") ? await this.#shown() : undefined;
    const filled = fill(template, { ...values, ...login });
    const answer = dialect.signIn
      ? await this.#inSession(filled, dialect.signIn, signal)
      : await this.#authenticated({ filled, phone: this.#options, signal });
    const refusal = refusalOf(answer, dialect);
    if (refusal !== undefined) throw new ServiceError("device-refused", [this.#options.id, refusal]);
    return answer;
  }

  /** The login, for a place where everybody on the way could read it. */
  async #shown(): Promise<Credentials> {
    const { id, url, clearPassword } = this.#options;
    if (url.protocol !== "https:" && !clearPassword) {
      const how =
        'its password would be readable on the way; use https in "url", or set "clearPassword" to true';
      throw new ServiceError("device-refused", [id, how]);
    }
    return this.#credentials();
  }

  async #credentials(): Promise<Credentials> {
    const credentials = await this.#options.credentials();
    if (credentials) return credentials;
    const why = 'it asks for a password; put its web login into "username" and "passwordFile"';
    throw new ServiceError("device-refused", [this.#options.id, why]);
  }

  async #inSession(filled: Filled, signIn: SignIn, signal: AbortSignal): Promise<PhoneAnswer> {
    const phone = this.#options;
    if (this.#session) {
      const answer = await exchange(filled, this.#session, { phone, signal });
      if (answer.status !== 401 && answer.status !== 403) return answer;
    }
    const ask = (method: "GET" | "POST", path: string) => exchange({ method, path }, NONE, { phone, signal });
    this.#session = undefined;
    const signed = await signIn(ask, await this.#credentials());
    if ("refused" in signed) return signed.refused;
    this.#session = signed.headers;
    return exchange(filled, this.#session, { phone, signal });
  }

  async #authenticated(attempt: Try, redirects = 0): Promise<PhoneAnswer> {
    const { phone } = attempt;
    const answer = await this.#challenged(attempt);
    // Without the password it was wrong with, the next try asks anew.
    if (answer.status === 401) this.#challenge = undefined;
    const elsewhere = redirected(answer, phone.url);
    if (!elsewhere) return answer;
    if (redirects >= MOST_REDIRECTS)
      throw new ServiceError("device-refused", [phone.id, "it redirects without end"]);
    return this.#authenticated({ ...attempt, ...this.#follow(elsewhere, attempt) }, redirects + 1);
  }

  /** Answers one challenge, and once more when our answer came too late for it. */
  async #challenged(attempt: Try): Promise<PhoneAnswer> {
    const { filled, phone, signal } = attempt;
    const before = this.#challenge;
    let answer = await exchange(filled, before ? await this.#answerTo(before, attempt) : NONE, {
      phone,
      signal,
    });
    for (let tries = 0; answer.status === 401 && tries < 2; tries += 1) {
      const asked = challengeOf(answer);
      if (!asked || (asked === "basic" && before === "basic") || (tries > 0 && !isNews(asked))) break;
      this.#challenge = asked;
      this.#count = 0;
      answer = await exchange(filled, await this.#answerTo(asked, attempt), { phone, signal });
    }
    return answer;
  }

  /** Within the phone only, and never from a safe connection to one that is not. */
  #follow(to: URL, { filled, phone }: Try): Pick<Try, "filled" | "phone"> {
    const { id, url } = phone;
    const safe = to.origin === url.origin || (to.protocol === "https:" && to.hostname === url.hostname);
    if (!safe || filled.method !== "GET") {
      const where = safe
        ? 'to another address; write it into "url"'
        : "to another computer, which is not followed";
      throw new ServiceError("device-refused", [id, `it sends us ${where}`]);
    }
    return {
      filled: { ...filled, path: `${to.pathname}${to.search}` },
      phone: { ...phone, url: new URL(to.origin) },
    };
  }

  async #answerTo(challenge: Challenge | "basic", { filled, phone }: Try): Promise<Headers> {
    if (challenge === "basic") {
      const { username, password } =
        phone.url.protocol === "https:" ? await this.#credentials() : await this.#shown();
      return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
    }
    const { username, password } = await this.#credentials();
    const signed = { method: filled.method, uri: filled.path, body: filled.body ?? "" };
    this.#count += 1;
    const secret = { username, password, realm: challenge.realm };
    const authorization = answerChallenge(challenge, secret, signed, { count: this.#count });
    return authorization === undefined ? NONE : { authorization };
  }
}

/** The safest way in that the phone offers: a digest before a password as it is. */
function challengeOf({ headers }: PhoneAnswer): Challenge | "basic" | undefined {
  const written = headers["www-authenticate"];
  if (typeof written !== "string") return undefined;
  const [digest] = parseChallenges(written);
  if (digest) return digest;
  const schemes = parseAuth(written)?.map(({ scheme }) => scheme) ?? [];
  return schemes.includes("basic") || /^basic\b/i.test(written.trim()) ? "basic" : undefined;
}

/** Asked again after we answered: only another nonce is a reason to answer again. */
function isNews(challenge: Challenge | "basic"): boolean {
  return challenge !== "basic" && challenge.stale;
}

function redirected({ status, headers }: PhoneAnswer, url: URL): URL | undefined {
  const { location } = headers;
  if (![301, 302, 303, 307, 308].includes(status) || typeof location !== "string") return undefined;
  return URL.parse(location, url.href) ?? undefined;
}
