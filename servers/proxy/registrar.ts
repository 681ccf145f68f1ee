/** The registrar: reads REGISTER and keeps the bindings of its users (RFC 3261 §10.3). */

import type { NameAddr, SipRequest, SipUri } from "#sip/message.ts";
import { textHeader } from "#sip/message.ts";
import { formatUri, isSipUri, parseUri } from "#sip/uri.ts";
import type { Binding, Location } from "./location.ts";

const DEFAULT_EXPIRES_S = 3_600;
const LONGEST_EXPIRES_S = 7_200;
/** Shorter registrations would load the proxy more than they help (RFC 3261 §10.3 step 7). */
const SHORTEST_EXPIRES_S = 30;

/** A person has a few devices; more would make one call into a flood (RFC 5393). */
const MOST_CONTACTS = 8;
const MOST_USERS = 10_000;

/** What to answer; `contacts` are all bindings that now stand. */
export interface RegisterAnswer {
  readonly status: number;
  readonly contacts: readonly NameAddr[];
  readonly minExpiresS?: number;
}

/** A Contact of the request with the lifetime it asks for. */
interface Wish {
  readonly contact: SipUri;
  readonly expiresS: number;
}

const refused = (status: number): RegisterAnswer => ({ status, contacts: [] });

export class Registrar {
  readonly #location: Location;

  constructor(location: Location) {
    this.#location = location;
  }

  /** Runs one REGISTER for `user`; all of its Contacts are taken, or none. */
  register(user: string, request: SipRequest): RegisterAnswer {
    const { contact } = request.headers;
    if (contact === "*") return this.#removeAll(user, request);
    const wishes = (contact ?? []).map((one) => readWish(one, request));
    if (!wishes.every((wish) => wish !== undefined)) return refused(400);
    if (wishes.some(({ expiresS }) => expiresS > 0 && expiresS < SHORTEST_EXPIRES_S)) {
      return { ...refused(423), minExpiresS: SHORTEST_EXPIRES_S };
    }
    return this.#update(user, request, wishes);
  }

  #removeAll(user: string, request: SipRequest): RegisterAnswer {
    if (textHeader(request, "expires") !== "0") return refused(400);
    if (this.#location.bindings(user).some((binding) => isOutdated(request, binding))) return refused(500);
    this.#location.replace(user, []);
    return { status: 200, contacts: [] };
  }

  #update(user: string, request: SipRequest, wishes: readonly Wish[]): RegisterAnswer {
    const known = this.#location.bindings(user);
    const touched = new Set(wishes.map(({ contact }) => contact));
    const rewritten = known.filter(({ contact }) => touched.has(contact));
    if (rewritten.some((binding) => isOutdated(request, binding))) return refused(500);
    const added = wishes.filter(({ expiresS }) => expiresS > 0).map((wish) => this.#binding(request, wish));
    const bindings = [...added, ...known.filter(({ contact }) => !touched.has(contact))];
    if (bindings.length > MOST_CONTACTS || this.#isFull(known)) return refused(503);
    this.#location.replace(user, bindings);
    return { status: 200, contacts: bindings.map((binding) => this.#asContact(binding)) };
  }

  #isFull(known: readonly Binding[]): boolean {
    if (known.length > 0 || this.#location.size < MOST_USERS) return false;
    this.#location.sweep();
    return this.#location.size >= MOST_USERS;
  }

  #binding({ headers }: SipRequest, { contact, expiresS }: Wish): Binding {
    const expiresAtMs = this.#location.nowMs + expiresS * 1_000;
    return { contact, callId: headers["call-id"], seq: headers.cseq.seq, expiresAtMs };
  }

  #asContact({ contact, expiresAtMs }: Binding): NameAddr {
    const expires = Math.ceil((expiresAtMs - this.#location.nowMs) / 1_000);
    return { uri: contact, params: { expires: String(expires) } };
  }
}

/** A REGISTER that was overtaken by a later one of the same client changes nothing. */
function isOutdated({ headers }: SipRequest, { callId, seq }: Binding): boolean {
  return headers["call-id"] === callId && headers.cseq.seq <= seq;
}

/** Undefined when the Contact is none that a request could be sent to. Headers in it are never obeyed. */
function readWish({ uri, params }: NameAddr, request: SipRequest): Wish | undefined {
  const parsed = parseUri(uri);
  if (parsed === undefined) return undefined;
  const { headers: _ignored, ...target } = parsed;
  const contact = formatUri(target);
  if (!isSipUri(contact)) return undefined;
  const written = params["expires"] ?? textHeader(request, "expires");
  return { contact, expiresS: Math.min(readSeconds(written), LONGEST_EXPIRES_S) };
}

/** A malformed lifetime is the default one (RFC 3261 §10.2.1.1). */
function readSeconds(text: string | undefined): number {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : DEFAULT_EXPIRES_S;
}
