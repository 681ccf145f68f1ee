/** A subscription somebody holds with us, and the NOTIFYs it gets (RFC 6665 §4.2). */
import type { Core } from "./core.ts";
import type { RequestParts } from "./dialog.ts";
import { type EventHeader, eventOf, formatEvent } from "./event-header.ts";
import { oneLine, seconds } from "./header-values.ts";
import { Machine } from "./machine.ts";
import { type NameAddr, type SipHeaders, type SipRequest, type SipResponse, textHeader } from "./message.ts";
import { NotifyQueue, type Telling, type Told } from "./notify-queue.ts";
import { agreed, formatRates, Heartbeat, paceOf, type Rates } from "./notify-rates.ts";
import type { ServerTransaction } from "./stack.ts";
import { type NotifierEvent, type NotifierState, notifierStates } from "./subscription-states.ts";

export interface NotifierHandlers {
  /** The subscriber refreshed, or did not answer, and is owed the full state. */
  onRefresh(): void;
  /** The subscription is over and not by our terminate(). */
  onEnded(reason: string): void;
  /** The subscriber did not take a NOTIFY and stays: it has missed what that said. */
  onMissed?(): void;
  /** The subscriber wants to hear now, whether something has changed or not (RFC 6446 §6, §7). */
  onDue?(): void;
  /** NOTIFYs in a second at most, whatever the subscriber asks for (RFC 6446 §5.2). */
  readonly mostRate?: number;
}

export interface Notifier {
  readonly active: boolean;
  readonly subscriber: NameAddr;
  /**
   * Sends NOTIFY when the one before is answered and the subscriber's pace allows; a newer state takes the place of one
   * that still waits. Resolves when it, or what took its place, is answered or given up; never rejects. A function is
   * asked for the content when it can be sent; nothing is sent when it has none.
   */
  notify(type: string, content: string | (() => string | undefined)): Promise<void>;
  /** Sends the last NOTIFY, with this reason (RFC 6665 §4.1.3) and the state if there is one to tell; never rejects. */
  terminate(reason: string, type?: string, content?: string): Promise<void>;
}

/** The dialog of a subscription: one of its own, or that of a call. */
export interface NotifierPath {
  readonly subscriber: NameAddr;
  readonly contact: NameAddr;
  readonly localTag: string;
  notify(parts: RequestParts): Promise<SipResponse>;
  /** The peer's SUBSCRIBE may have moved it (RFC 3261 §12.2.2). */
  refreshTarget(request: SipRequest): void;
  /** The subscription is over. */
  release(): void;
}

export interface NotifierOptions {
  readonly core: Core;
  readonly path: NotifierPath;
  readonly event: EventHeader;
  readonly expiresS: number;
  readonly handlers: NotifierHandlers;
}

/** The longest a subscription is granted at a time, seconds. */
export const LONGEST_S = 3600;

/** Whoever asks for less is told the least we grant, unless the owner has another, seconds. */
const DEFAULT_SHORTEST_S = 5;

/** Answers to NOTIFY after which the subscription is gone (RFC 6665 §4.2.2, RFC 5057 §5.1). */
const GONE: ReadonlySet<number> = new Set([
  404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 503, 604,
]);

/** What a SUBSCRIBE asks for, an hour at most, or the refusal it gets. */
export function expiryOf(
  core: Core,
  request: SipRequest,
): number | { status: number; headers?: SipHeadersPart } {
  const text = textHeader(request, "expires");
  const asked = text === undefined ? LONGEST_S : seconds(text);
  const { shortestS = DEFAULT_SHORTEST_S } = core.owner.subscriptions ?? {};
  if (asked === undefined) return { status: 400 };
  if (asked > 0 && asked < shortestS) return { status: 423, headers: { "min-expires": `${shortestS}` } };
  return Math.min(asked, LONGEST_S);
}

type SipHeadersPart = Partial<SipHeaders>;

export class EventNotifier implements Notifier {
  readonly subscriber: NameAddr;
  readonly event: EventHeader;
  readonly #core: Core;
  readonly #path: NotifierPath;
  readonly #handlers: NotifierHandlers;
  readonly #machine: Machine<NotifierState, NotifierEvent>;
  readonly #queue: NotifyQueue;
  readonly #heartbeat: Heartbeat;
  #rates: Rates;
  #expiresS: number;
  #grantedAt = performance.now();
  /** Nobody answered the last NOTIFY. */
  #unanswered = false;
  /** A SUBSCRIBE was answered, or a NOTIFY was not, and what follows did not yet go out. */
  #owed = false;
  #last: Promise<void> = Promise.resolve();

  constructor({ core, path, event, expiresS, handlers }: NotifierOptions) {
    this.subscriber = { ...path.subscriber, params: {} };
    this.event = event;
    this.#core = core;
    this.#path = path;
    this.#expiresS = expiresS;
    this.#handlers = handlers;
    this.#rates = this.#agreed(event);
    this.#heartbeat = new Heartbeat(() => this.active && handlers.onDue?.());
    this.#queue = new NotifyQueue({
      paceMs: () => paceOf(this.#rates, handlers.mostRate),
      send: (told) => this.#send(told),
      onRefused: (status) => this.#refused(status),
      onPutOff: () => handlers.onMissed?.(),
    });
    const fetchMs = 64 * core.timers.t1;
    const expiresAfterMs = () => (this.#expiresS === 0 ? fetchMs : 1000 * this.#expiresS);
    this.#machine = new Machine(notifierStates(expiresAfterMs), "active", (_state, event) =>
      this.#entered(event),
    );
    core.notifiers.add(this);
  }

  get active(): boolean {
    return this.#machine.state === "active";
  }

  /** The 2xx to the request that asked, first or again; a NOTIFY follows it. */
  grant(transaction: ServerTransaction, status: number, headers: Partial<SipHeaders>): void {
    const { contact, localTag: tag } = this.#path;
    this.#core.respond(transaction, status, { tag, headers: { contact: [contact], ...headers } });
    this.#owed = true;
    setImmediate(() => this.#settle());
  }

  notify(type: string, content: string | (() => string | undefined)): Promise<void> {
    if (!this.active) return this.#last;
    return this.#tell(typeof content === "string" ? { type, content } : telling(type, content));
  }

  terminate(reason: string, type = "", content = ""): Promise<void> {
    if (this.#machine.send("terminated")) this.#end(reason, content === "" ? undefined : { type, content });
    return this.#last;
  }

  close(): Promise<void> {
    return this.terminate("deactivated");
  }

  drop(): void {
    this.#machine.send("closed");
    this.#queue.stop();
    this.#heartbeat.stop();
  }

  /** A SUBSCRIBE for this very subscription: refreshed, or with Expires 0 ended (RFC 6665 §4.2.1.4). */
  subscribed(request: SipRequest, transaction: ServerTransaction, event: EventHeader): void {
    const expiresS = expiryOf(this.#core, request);
    if (typeof expiresS !== "number") {
      const reason = expiresS.status === 400 ? "Malformed Expires" : undefined;
      this.#core.respond(transaction, expiresS.status, { reason, headers: expiresS.headers });
      return;
    }
    this.#path.refreshTarget(request);
    this.grant(transaction, 200, { expires: `${expiresS}` });
    if (expiresS === 0) {
      this.#machine.send("unsubscribed");
      return;
    }
    this.#expiresS = expiresS;
    this.#grantedAt = performance.now();
    this.#rates = this.#agreed(event);
    this.#machine.send("refreshed");
    this.#handlers.onRefresh();
  }

  /** The NOTIFY we owe, empty when the owner has sent none. */
  #settle(): void {
    if (this.#owed && this.active) void this.#tell(undefined);
  }

  /** The first NOTIFY after a SUBSCRIBE and the last one wait for no pace (RFC 6446 §5.2). */
  #tell(body: Told["body"] | Telling): Promise<void> {
    const urgent = this.#owed;
    this.#owed = false;
    if (this.#expiresS === 0 && this.#machine.send("closed")) this.#end("timeout", body);
    else this.#last = this.#queue.push({ body }, urgent);
    return this.#last;
  }

  #end(reason: string, body?: Told["body"] | Telling): void {
    this.#heartbeat.stop();
    this.#last = this.#queue.push({ body, last: `terminated;reason=${oneLine(reason)}` }, true);
  }

  #entered(event: NotifierEvent): void {
    if (event === "refreshed") return;
    this.#path.release();
    this.#core.notifiers.delete(this);
    // The end of the time and an unsubscribe look alike on the wire (RFC 6665 §4.2.1.4).
    if (event === "expired" || event === "unsubscribed") this.#end("timeout");
    if (event !== "terminated" && event !== "closed") this.#handlers.onEnded(event);
  }

  /**
   * Whether the subscription goes on. Where many datagrams are lost all copies of a NOTIFY or of its answers may be: who
   * does not answer is told everything once more, and is gone when he does not answer that (RFC 6665 §4.2.2 has him
   * removed at once).
   */
  #refused(status: number): boolean {
    const isLate = status === 408 && this.active && !this.#unanswered;
    this.#unanswered = status === 408;
    if (isLate) {
      this.#owed = true;
      this.#handlers.onRefresh();
      this.#settle();
    } else if (GONE.has(status)) this.#machine.send("lost");
    else this.#handlers.onMissed?.();
    return isLate || !GONE.has(status);
  }

  async #send({ body, last = this.#activeState() }: Told): Promise<SipResponse> {
    // What we are and can do stands in the answer to the SUBSCRIBE; a roster has many NOTIFYs.
    const headers = { event: formatEvent(this.event), "subscription-state": last };
    if (this.active) this.#heartbeat.sent(this.#rates);
    const response = await this.#path.notify({ headers, body });
    if (response.status < 300) this.#unanswered = false;
    this.#adjust(response);
    return response;
  }

  /** A 2xx may ask for other rates (RFC 6446 §9.3). */
  #adjust(response: SipResponse): void {
    const event = eventOf(response);
    if (response.status >= 300 || event.name !== this.event.name) return;
    this.#rates = this.#agreed(event);
    if (this.active) this.#heartbeat.sent(this.#rates);
  }

  #agreed(event: EventHeader): Rates {
    const { mostRate, onDue } = this.#handlers;
    return agreed(event, { most: mostRate, repeats: onDue !== undefined, leftS: this.#leftS() });
  }

  #leftS(): number {
    return Math.max(this.#expiresS - (performance.now() - this.#grantedAt) / 1000, 0);
  }

  #activeState(): string {
    return `active;expires=${Math.round(this.#leftS())}${formatRates(this.#rates)}`;
  }
}

function telling(type: string, content: () => string | undefined): Telling {
  return () => {
    const text = content();
    return text === undefined ? undefined : { type, content: text };
  };
}
