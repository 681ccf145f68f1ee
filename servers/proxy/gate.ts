/** Who may register and call in our name: our users by their passwords, or without any the machines beside us (RFC 3261 §22). */

import { authHeader } from "#sip/credentials.ts";
import { HASHES } from "#sip/digest.ts";
import { DigestServer, type Verdict } from "#sip/digest-server.ts";
import type { Hop, SipHeaders, SipRequest } from "#sip/message.ts";
import { parseUri } from "#sip/uri.ts";
import { Lockout } from "../lockout.ts";
import type { Users } from "../users.ts";
import type { Domain } from "./domain.ts";
import { isOwn } from "./domain.ts";

export interface GateOptions {
  readonly domain: Domain;
  /** Without users only neighbours may register, and nobody is asked for a password. */
  readonly users: Users | undefined;
  isNear(address: string): boolean;
}

export type Judgement =
  /** `user` has shown a password; the request has no credentials for us any more. */
  | { readonly name: "pass"; readonly request: SipRequest; readonly user?: string }
  | { readonly name: "refuse"; readonly status: number; readonly headers?: Partial<SipHeaders> };

/** How a server asks, and how a proxy does (RFC 3261 §22.1). */
const AS_REGISTRAR = { status: 401, asks: "www-authenticate", answers: "authorization" } as const;
const AS_PROXY = { status: 407, asks: "proxy-authenticate", answers: "proxy-authorization" } as const;
type Role = typeof AS_REGISTRAR | typeof AS_PROXY;

const refuse = (status: number, headers?: Partial<SipHeaders>): Judgement => ({
  name: "refuse",
  status,
  ...(headers && { headers }),
});

export class Gate {
  readonly #options: GateOptions;
  readonly #digest: DigestServer | undefined;
  readonly #lockout = new Lockout();

  constructor(options: GateOptions) {
    this.#options = options;
    const { users } = options;
    this.#digest =
      users &&
      new DigestServer({
        realm: users.realm,
        hashes: HASHES,
        ha1: (username, hash) => users.ha1(username, hash),
      });
  }

  /** Whether a request that is not in a dialog may pass; those in one were judged with their first. */
  judge(request: SipRequest, source: Hop): Judgement {
    if (request.method === "REGISTER" && this.#isOurs(request.uri))
      return this.#judgeRegister(request, source);
    if (!mayBeAsked(request) || !this.#digest) return { name: "pass", request };
    const claimed = this.#isOurs(request.headers.from.uri);
    const shown = authHeader(request, AS_PROXY.answers) !== undefined;
    return claimed || shown ? this.#judgeCaller(request, source, claimed) : { name: "pass", request };
  }

  /** How to ask a stranger who he is before he is refused; undefined when nobody has a password. */
  askWho(request: SipRequest): Judgement | undefined {
    return this.#digest && mayBeAsked(request) ? this.#challenge(request, AS_PROXY) : undefined;
  }

  #judgeRegister(request: SipRequest, source: Hop): Judgement {
    if (!this.#digest) return this.#options.isNear(source.address) ? { name: "pass", request } : refuse(403);
    const judged = this.#authenticate(request, source, AS_REGISTRAR);
    if (judged.name === "pass" && judged.user !== userOf(request.headers.to.uri)) return refuse(403);
    return judged;
  }

  /** Somebody who calls in the name of a user of ours is that user. */
  #judgeCaller(request: SipRequest, source: Hop, claimed: boolean): Judgement {
    const judged = this.#authenticate(request, source, AS_PROXY);
    if (judged.name === "pass" && claimed && judged.user !== userOf(request.headers.from.uri))
      return refuse(403);
    return judged;
  }

  #authenticate(request: SipRequest, { address }: Hop, role: Role): Judgement {
    const who = `${address} ${request.headers.from.uri.slice(0, 128)}`;
    if (this.#lockout.isLocked(who)) return refuse(403);
    const { method, uri, content } = request;
    const verdict = this.#verify(authHeader(request, role.answers), { method, uri, body: content });
    if (verdict.name === "wrong") this.#lockout.failed(who);
    if (verdict.name !== "right") return this.#challenge(request, role, verdict.name === "stale");
    this.#lockout.forget(who);
    return { name: "pass", request: without(request, role.answers), user: verdict.username };
  }

  #verify(text: string | undefined, signed: Parameters<DigestServer["verify"]>[1]): Verdict {
    return this.#digest?.verify(text, signed) ?? { name: "missing" };
  }

  /** Some phones give up when they are offered a hash they do not know: each user gets those of its line. */
  #challenge({ headers }: SipRequest, { status, asks }: Role, stale = false): Judgement {
    const hashes = this.#options.users?.hashesOf(userOf(headers.from.uri));
    return refuse(status, { [asks]: this.#digest?.challenges(stale, hashes) ?? [] });
  }

  #isOurs(text: string): boolean {
    const uri = parseUri(text);
    return uri !== undefined && isOwn(this.#options.domain, uri);
  }
}

/** ACK and CANCEL cannot be asked (RFC 3261 §22.1); what is in a dialog has passed before. */
function mayBeAsked({ method, headers }: SipRequest): boolean {
  return method !== "ACK" && method !== "CANCEL" && !headers.to.params["tag"];
}

/** The user part with its escapes undone, as it is in a digest. */
function userOf(text: string): string | undefined {
  const user = parseUri(text)?.user?.split(":")[0];
  try {
    return user === undefined ? undefined : decodeURIComponent(user);
  } catch {
    return user;
  }
}

/** What was for us is nobody else's business. */
function without(request: SipRequest, name: string): SipRequest {
  return { ...request, headers: { ...request.headers, [name]: undefined } };
}
