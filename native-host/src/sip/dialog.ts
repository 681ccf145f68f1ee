/** A dialog: who talks to whom, by which way, in which order (RFC 3261 §12). */
import { type Body, bodyParts, tagOf, token, withTag } from "./header-values.ts";
import type { DialogId } from "./leg.ts";
import type { NameAddr, SipHeaders, SipMessage, SipRequest, SipResponse } from "./message.ts";
import { formatUri, isSipUri, parseUri } from "./uri.ts";

/** What a dialog is made of, whichever end began it. */
interface Beginning {
  readonly callId: string;
  readonly local: NameAddr;
  readonly remote: NameAddr;
  readonly contact: NameAddr;
  readonly remoteContact: NameAddr;
  readonly routes: readonly NameAddr[];
  readonly localSeq: number;
  readonly remoteSeq: number | undefined;
}

export interface RequestParts {
  readonly headers?: Partial<SipHeaders>;
  readonly body?: Body | undefined;
}

/** The Contact of a message when it is one that requests can be sent to. */
export function usableContact(message: SipMessage): NameAddr | undefined {
  const { contact } = message.headers;
  const first = contact === undefined || contact === "*" ? undefined : contact[0];
  return first && isSipUri(first.uri) && parseUri(first.uri) ? first : undefined;
}

/** The key under which a dialog is found; without the peer's tag, that of a subscription waiting for one. */
export function dialogKey({ callId, localTag, remoteTag }: DialogId): string {
  return `${callId}\n${localTag}\n${remoteTag}`;
}

/** The dialog a request names, seen from us. */
export function dialogIdOf({ headers }: SipRequest): DialogId {
  return { callId: headers["call-id"], localTag: tagOf(headers.to), remoteTag: tagOf(headers.from) };
}

export class Dialog {
  readonly id: DialogId;
  readonly local: NameAddr;
  readonly remote: NameAddr;
  /** Our Contact, with its parameters; one that changes goes out with the next message that has one. */
  contact: NameAddr;
  /** Set by the owner: a target refresh gave the peer another Contact; `was` is the one before. */
  onTarget: ((was: NameAddr) => void) | undefined;
  #routes: readonly NameAddr[];
  #remoteContact: NameAddr;
  #localSeq: number;
  #remoteSeq: number | undefined;

  private constructor(from: Beginning) {
    this.id = { callId: from.callId, localTag: tagOf(from.local), remoteTag: tagOf(from.remote) };
    this.local = from.local;
    this.remote = from.remote;
    this.contact = from.contact;
    this.#routes = from.routes;
    this.#remoteContact = from.remoteContact;
    this.#localSeq = from.localSeq;
    this.#remoteSeq = from.remoteSeq;
  }

  /** Our request was answered (§12.1.2). A peer without a usable Contact stays where we called it. */
  static ofCaller(request: SipRequest, response: SipResponse, contact: NameAddr): Dialog {
    return new Dialog({
      callId: request.headers["call-id"],
      local: request.headers.from,
      remote: response.headers.to,
      contact,
      remoteContact: usableContact(response) ?? { uri: request.uri, params: {} },
      routes: routesOfCaller(response),
      // A request sent again with credentials has a later number than the first one (§22.2).
      localSeq: response.headers.cseq.seq,
      remoteSeq: undefined,
    });
  }

  /** We answer `request` under `localTag` (§12.1.1). */
  static ofCallee(request: SipRequest, localTag: string, contact: NameAddr): Dialog {
    return new Dialog({
      callId: request.headers["call-id"],
      local: withTag(request.headers.to, localTag),
      remote: request.headers.from,
      contact,
      remoteContact: usableContact(request) ?? { uri: request.headers.from.uri, params: {} },
      routes: request.headers["record-route"] ?? [],
      localSeq: 0,
      remoteSeq: request.headers.cseq.seq,
    });
  }

  /** A NOTIFY that came before the 2xx of our SUBSCRIBE makes the dialog (RFC 6665 §4.4.1). */
  static ofEarlyNotify(subscribe: SipRequest, notify: SipRequest, contact: NameAddr): Dialog {
    return new Dialog({
      callId: subscribe.headers["call-id"],
      local: subscribe.headers.from,
      remote: notify.headers.from,
      contact,
      remoteContact: usableContact(notify) ?? { uri: subscribe.uri, params: {} },
      routes: notify.headers["record-route"] ?? [],
      localSeq: subscribe.headers.cseq.seq,
      remoteSeq: undefined,
    });
  }

  get remoteContact(): NameAddr {
    return this.#remoteContact;
  }

  /** The 2xx that confirms the early dialog of the caller settles its way and target anew (§13.2.2.4). */
  confirm(response: SipResponse): void {
    this.#routes = routesOfCaller(response);
    this.#learnTarget(response);
  }

  /** From now on our Contact has this user part; the peer learns it with the next message that has one. */
  rename(user: string): void {
    const uri = parseUri(this.contact.uri);
    if (uri) this.contact = { ...this.contact, uri: formatUri({ ...uri, user }) };
  }

  /** A new request in the dialog, its CSeq one higher than the last. */
  request(method: string, parts: RequestParts = {}): SipRequest {
    return this.#compose(method, this.nextSeq(), parts);
  }

  /** The number of our next request; also for one that is sent again with credentials (§22.2). */
  nextSeq(): number {
    this.#localSeq++;
    return this.#localSeq;
  }

  /** The ACK to a 2xx: the CSeq number of its INVITE, the answer when the peer offered (§13.2.2.4). */
  ack(seq: number, parts: RequestParts = {}): SipRequest {
    return this.#compose("ACK", seq, parts);
  }

  /** Whether a request comes in order; remembers it if so (§12.2.2). */
  inOrder({ headers: { cseq } }: SipRequest): boolean {
    if (this.#remoteSeq !== undefined && cseq.seq <= this.#remoteSeq) return false;
    this.#remoteSeq = cseq.seq;
    return true;
  }

  /** INVITE, UPDATE, SUBSCRIBE, NOTIFY and their 2xx may move the peer to another Contact (§12.2). */
  refreshTarget(message: SipMessage): void {
    const was = this.#remoteContact;
    this.#learnTarget(message);
    if (!isSameContact(was, this.#remoteContact)) this.onTarget?.(was);
  }

  #learnTarget(message: SipMessage): void {
    // An early NOTIFY made the dialog before we knew under which number our SUBSCRIBE was accepted.
    if ("status" in message) this.#localSeq = Math.max(this.#localSeq, message.headers.cseq.seq);
    this.#remoteContact = usableContact(message) ?? this.#remoteContact;
  }

  #compose(method: string, seq: number, { headers, body }: RequestParts): SipRequest {
    const { headers: bodyHeaders, content } = bodyParts(body);
    const { uri, route } = this.#path();
    return {
      method,
      uri,
      headers: {
        via: [],
        "max-forwards": "70",
        ...(route.length > 0 && { route }),
        from: this.local,
        to: this.remote,
        "call-id": this.id.callId,
        cseq: { seq, method },
        ...(REFRESHES_TARGET.has(method) && { contact: [this.contact] }),
        ...headers,
        ...bodyHeaders,
      },
      content,
    };
  }

  /** Request URI and Route; a first hop without `lr` is a strict router and takes the URI's place (§12.2.1.1). */
  #path(): { uri: string; route: readonly NameAddr[] } {
    const target = this.#remoteContact.uri;
    const [first, ...rest] = this.#routes;
    if (!first || isLoose(first)) return { uri: target, route: this.#routes };
    return { uri: first.uri, route: [...rest, { uri: target, params: {} }] };
  }
}

function isSameContact(one: NameAddr, other: NameAddr): boolean {
  return one.uri === other.uri && "isfocus" in one.params === "isfocus" in other.params;
}

/** The proxies that recorded themselves, nearest to the caller first (§12.1.2). */
function routesOfCaller(response: SipResponse): readonly NameAddr[] {
  return [...(response.headers["record-route"] ?? [])].reverse();
}

const REFRESHES_TARGET: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE", "NOTIFY", "REFER", "UPDATE"]);

function isLoose(hop: NameAddr): boolean {
  const uri = parseUri(hop.uri);
  return uri === undefined || "lr" in uri.params;
}

/** A first request, outside any dialog: fresh Call-ID, From tag and CSeq (§8.1.1). */
export function firstRequest(
  method: string,
  target: string,
  from: NameAddr,
  { headers, body }: RequestParts,
): SipRequest {
  const { headers: bodyHeaders, content } = bodyParts(body);
  return {
    method,
    uri: target,
    headers: {
      via: [],
      "max-forwards": "70",
      from: withTag(from, token()),
      to: { uri: target, params: {} },
      "call-id": `${token()}${token()}`,
      cseq: { seq: 1, method },
      ...headers,
      ...bodyHeaders,
    },
    content,
  };
}
