/** The registrar: reads REGISTER and keeps the bindings of its users (RFC 3261 §10.3). */

import { optionTags } from "#sip/header-values.ts";
import type { Hop, NameAddr, Params, SipHeaders, SipRequest, SipUri } from "#sip/message.ts";
import { isReliable, textHeader } from "#sip/message.ts";
import { formatNameAddr, formatUri, isSipUri, parseNameAddrs, parseUri } from "#sip/uri.ts";
import type { Binding, Device, Location } from "./location.ts";

const DEFAULT_EXPIRES_S = 3_600;
const LONGEST_EXPIRES_S = 7_200;
/** Shorter registrations would load the proxy more than they help (RFC 3261 §10.3 step 7). */
const SHORTEST_EXPIRES_S = 30;

/** A person has a few devices; more would make one call into a flood (RFC 5393). */
const MOST_CONTACTS = 8;
const MOST_USERS = 10_000;
/** Proxies between a phone and us. */
const MOST_PATH = 8;

/** What to answer; `contacts` are all bindings that now stand. */
export interface RegisterAnswer {
  readonly status: number;
  readonly contacts: readonly NameAddr[];
  readonly minExpiresS?: number;
  /** Path and Require of the answer (RFC 3327 §5.3, RFC 5626 §6). */
  readonly headers?: Partial<SipHeaders>;
}

/** A Contact of the request with the lifetime it asks for. */
interface Wish {
  readonly contact: SipUri;
  readonly expiresS: number;
  readonly q?: number;
  readonly device?: Device;
}

const refused = (status: number): RegisterAnswer => ({ status, contacts: [] });

export class Registrar {
  readonly #location: Location;

  constructor(location: Location) {
    this.#location = location;
  }

  /** Runs one REGISTER for `user` that came from `source`; all of its Contacts are taken, or none. */
  register(user: string, request: SipRequest, source?: Hop): RegisterAnswer {
    const { contact } = request.headers;
    if (contact === "*") return this.#removeAll(user, request);
    const wishes = (contact ?? []).map((one) => readWish(one, request));
    const path = readPath(request);
    if (!wishes.every((wish) => wish !== undefined) || !path) return refused(400);
    if (wishes.some(({ expiresS }) => expiresS > 0 && expiresS < SHORTEST_EXPIRES_S)) {
      return { ...refused(423), minExpiresS: SHORTEST_EXPIRES_S };
    }
    // A proxy on the way that the phone knows nothing of must not catch its calls (RFC 3327 §5.3).
    if (path.length > 0 && !optionTags(request, "supported").has("path")) {
      return { ...refused(420), headers: { unsupported: "path" } };
    }
    return this.#update(user, wishes, { request, source, path });
  }

  #removeAll(user: string, request: SipRequest): RegisterAnswer {
    if (textHeader(request, "expires") !== "0") return refused(400);
    if (this.#location.bindings(user).some((binding) => isOutdated(request, binding))) return refused(500);
    this.#location.replace(user, []);
    return { status: 200, contacts: [] };
  }

  #update(user: string, wishes: readonly Wish[], arrival: Arrival): RegisterAnswer {
    const known = this.#location.bindings(user);
    const touched = known.filter((binding) => wishes.some((wish) => isSamePlace(wish, binding)));
    if (touched.some((binding) => isOutdated(arrival.request, binding))) return refused(500);
    const added = wishes.filter(({ expiresS }) => expiresS > 0).map((wish) => this.#binding(wish, arrival));
    const bindings = [...added, ...known.filter((binding) => !touched.includes(binding))];
    if (bindings.length > MOST_CONTACTS || this.#isFull(known)) return refused(503);
    this.#location.replace(user, bindings);
    const contacts = this.#location.bindings(user).map((binding) => this.#asContact(binding));
    return { status: 200, contacts, headers: answerHeaders(arrival, added) };
  }

  #isFull(known: readonly Binding[]): boolean {
    if (known.length > 0 || this.#location.size < MOST_USERS) return false;
    this.#location.sweep();
    return this.#location.size >= MOST_USERS;
  }

  #binding({ expiresS, ...wish }: Wish, { request, source, path }: Arrival): Binding {
    const { "call-id": callId, cseq } = request.headers;
    const expiresAtMs = this.#location.nowMs + expiresS * 1_000;
    // A phone behind a connection, or one that asks for it, is called the way it came; the path does that itself.
    const isFlow = source && path.length === 0 && (isReliable(source.protocol) || wish.device?.regId);
    return {
      ...wish,
      callId,
      seq: cseq.seq,
      expiresAtMs,
      ...(path.length > 0 && { path }),
      ...(isFlow && { flow: source }),
    };
  }

  #asContact({ contact, expiresAtMs, q, device }: Binding): NameAddr {
    const expires = Math.ceil((expiresAtMs - this.#location.nowMs) / 1_000);
    const params: Params = { expires: String(expires) };
    if (q !== undefined) params["q"] = String(q);
    if (device) params["+sip.instance"] = device.instance;
    if (device?.regId !== undefined) params["reg-id"] = device.regId;
    return { uri: contact, params };
  }
}

/** A REGISTER, from where it came, and the proxies it wants to be called through. */
interface Arrival {
  readonly request: SipRequest;
  readonly source: Hop | undefined;
  readonly path: readonly NameAddr[];
}

function answerHeaders({ request, path }: Arrival, added: readonly Binding[]): Partial<SipHeaders> {
  const supported = optionTags(request, "supported");
  const outbound = supported.has("outbound") && added.some(({ flow, device }) => flow && device?.regId);
  return {
    ...(supported.has("path") && path.length > 0 && { path: path.map(formatNameAddr).join(", ") }),
    ...(outbound && { require: "outbound" }),
  };
}

/** The same Contact, or the same device by the same of its ways: a phone that moved replaces what it was (RFC 5626 §6). */
function isSamePlace({ contact, device }: Wish, binding: Binding): boolean {
  if (contact === binding.contact) return true;
  const other = binding.device;
  return device !== undefined && device.instance === other?.instance && device.regId === other.regId;
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
  const q = params["q"];
  const instance = params["+sip.instance"];
  const regId = params["reg-id"];
  const device = instance ? { instance, ...(regId && { regId }) } : undefined;
  return {
    contact,
    expiresS: Math.min(readSeconds(written), LONGEST_EXPIRES_S),
    ...(q && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q) && { q: Number(q) }),
    ...(device && { device }),
  };
}

/** Undefined when it is malformed or longer than any honest one. */
function readPath(request: SipRequest): readonly NameAddr[] | undefined {
  const text = textHeader(request, "path");
  const path = text === undefined ? [] : parseNameAddrs(text);
  return path && path.length <= MOST_PATH && path.every(({ uri }) => isSipUri(uri)) ? path : undefined;
}

/** A malformed lifetime is the default one (RFC 3261 §10.2.1.1). */
function readSeconds(text: string | undefined): number {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : DEFAULT_EXPIRES_S;
}
