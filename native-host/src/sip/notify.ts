/** A subscription somebody holds with us, and the NOTIFYs it gets (RFC 6665 §4.2). */
import type { Core } from "./core.ts";
import type { RequestParts } from "./dialog.ts";
import { type EventHeader, formatEvent } from "./event-header.ts";
import { oneLine, seconds } from "./header-values.ts";
import { Machine } from "./machine.ts";
import { type NameAddr, type SipHeaders, type SipRequest, type SipResponse, textHeader } from "./message.ts";
import { NotifyQueue, type Told } from "./notify-queue.ts";
import type { ServerTransaction } from "./stack.ts";
import { type NotifierEvent, type NotifierState, notifierStates } from "./subscription-states.ts";

export interface NotifierHandlers {
  /** The subscriber refreshed and is owed the full state. */
  onRefresh(): void;
  /** The subscription is over and not by our terminate(). */
  onEnded(reason: string): void;
}

export interface Notifier {
  readonly active: boolean;
  readonly subscriber: NameAddr;
  /**
   * Sends NOTIFY when the one before is answered and the subscriber's pace allows; a newer state takes the place of one
   * that still waits. Resolves when it, or what took its place, is answered or given up; never rejects.
   */
  notify(type: string, content: string): Promise<void>;
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

/** No pace a subscriber asks for is slower, milliseconds. */
const SLOWEST_MS = 3_600_000;

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
  #maxRate: number | undefined;
  #expiresS: number;
  #grantedAt = performance.now();
  /** A SUBSCRIBE was answered and its NOTIFY did not yet go out. */
  #owed = false;
  #last: Promise<void> = Promise.resolve();

  constructor({ core, path, event, expiresS, handlers }: NotifierOptions) {
    this.subscriber = { ...path.subscriber, params: {} };
    this.event = event;
    this.#core = core;
    this.#path = path;
    this.#expiresS = expiresS;
    this.#maxRate = event.maxRate;
    this.#handlers = handlers;
    this.#queue = new NotifyQueue({
      paceMs: () => (this.#maxRate === undefined ? 0 : Math.min(1000 / this.#maxRate, SLOWEST_MS)),
      send: (told) => this.#send(told),
      onRefused: (status) => {
        if (GONE.has(status)) this.#machine.send("lost");
        return !GONE.has(status);
      },
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

  /** The 2xx to the request that asked, first or again; a NOTIFY follows it at once, empty when the owner has none. */
  grant(transaction: ServerTransaction, status: number, headers: Partial<SipHeaders>): void {
    const { contact, localTag: tag } = this.#path;
    this.#core.respond(transaction, status, { tag, headers: { contact: [contact], ...headers } });
    this.#owed = true;
    setImmediate(() => {
      if (this.#owed && this.active) void this.#tell(undefined);
    });
  }

  notify(type: string, content: string): Promise<void> {
    return this.active ? this.#tell({ type, content }) : this.#last;
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
    this.#maxRate = event.maxRate;
    this.grant(transaction, 200, { expires: `${expiresS}` });
    if (expiresS === 0) {
      this.#machine.send("unsubscribed");
      return;
    }
    this.#expiresS = expiresS;
    this.#grantedAt = performance.now();
    this.#machine.send("refreshed");
    this.#handlers.onRefresh();
  }

  /** The first NOTIFY after a SUBSCRIBE and the last one wait for no pace (RFC 6446 §5.2). */
  #tell(body: Told["body"]): Promise<void> {
    const urgent = this.#owed;
    this.#owed = false;
    if (this.#expiresS === 0 && this.#machine.send("closed")) this.#end("timeout", body);
    else this.#last = this.#queue.push({ body }, urgent);
    return this.#last;
  }

  #end(reason: string, body?: Told["body"]): void {
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

  #send({ body, last = this.#activeState() }: Told): Promise<SipResponse> {
    const headers = {
      ...this.#core.common(),
      event: formatEvent(this.event),
      "subscription-state": last,
    };
    return this.#path.notify({ headers, body });
  }

  #activeState(): string {
    const passedS = (performance.now() - this.#grantedAt) / 1000;
    return `active;expires=${Math.max(Math.round(this.#expiresS - passedS), 0)}`;
  }
}
