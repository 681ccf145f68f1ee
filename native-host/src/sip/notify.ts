/** Subscriptions others hold with us: SUBSCRIBE in, NOTIFY out (RFC 6665 §4.2). */
import type { Core, DialogUser } from "./core.ts";
import { Dialog, dialogKey, usableContact } from "./dialog.ts";
import {
  type Body,
  extraHeaders,
  oneLine,
  parseParameters,
  parseTargetDialog,
  seconds,
  token,
} from "./header-values.ts";
import type { DialogId, ExtraHeaders } from "./leg.ts";
import { Machine } from "./machine.ts";
import { type Hop, type NameAddr, type SipRequest, type SipUri, textHeader } from "./message.ts";
import type { ServerTransaction } from "./stack.ts";
import { type NotifierEvent, type NotifierState, notifierStates } from "./subscription-states.ts";
import { isSipUri } from "./uri.ts";

/** A SUBSCRIBE outside a dialog, waiting for our decision; exactly one of accept and reject. */
export interface IncomingSubscribe {
  readonly request: SipRequest;
  readonly from: NameAddr;
  readonly target: SipUri;
  readonly event: string;
  /** What we grant: what was asked for, an hour at most; 0 asks for one NOTIFY only. */
  readonly expiresS: number;
  /** The dialog named by Target-Dialog (RFC 4538), as one of ours: our own tag is localTag. */
  readonly targetDialog: DialogId | undefined;
  readonly source: Hop;
  /** Sends 200; the first NOTIFY is the owner's duty right after. */
  accept(handlers: NotifierHandlers): Notifier;
  reject(status: number, reason?: string, headers?: ExtraHeaders): void;
}

export interface NotifierHandlers {
  /** The subscriber refreshed and is owed the full state. */
  onRefresh(): void;
  /** The subscription is over and not by our terminate(). */
  onEnded(reason: string): void;
}

export interface Notifier {
  readonly active: boolean;
  readonly subscriber: NameAddr;
  /** Sends NOTIFY after the ones before it are answered; resolves when it is, never rejects. */
  notify(type: string, content: string): Promise<void>;
  /** Sends the last NOTIFY, with this reason (RFC 6665 §4.1.3). */
  terminate(reason: string): void;
}

const LONGEST_S = 3600;

/** Answers to NOTIFY after which the subscription is gone (RFC 6665 §4.2.2, RFC 5057 §5.1). */
const GONE: ReadonlySet<number> = new Set([
  404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 503, 604,
]);

/** Reads the SUBSCRIBE and hands it to `onSubscribe`, or refuses one that no owner could accept. */
export function receiveSubscribe(
  core: Core,
  transaction: ServerTransaction,
  onSubscribe: (subscribe: IncomingSubscribe) => void,
): void {
  const { request } = transaction;
  const event = parseParameters(textHeader(request, "event") ?? "").value.toLowerCase();
  const expires = textHeader(request, "expires");
  const expiresS = expires === undefined ? LONGEST_S : seconds(expires);
  if (event === "") core.respond(transaction, 489);
  else if (!usableContact(request)) core.respond(transaction, 400, { reason: "No Usable Contact" });
  else if (expiresS === undefined) core.respond(transaction, 400, { reason: "Malformed Expires" });
  else if (!isSipUri(request.uri)) core.respond(transaction, 416);
  else {
    const granted = Math.min(expiresS, LONGEST_S);
    onSubscribe(new PendingSubscribe(core, transaction, { target: request.uri, event, expiresS: granted }));
  }
}

interface Asked {
  readonly target: SipUri;
  readonly event: string;
  readonly expiresS: number;
}

class PendingSubscribe implements IncomingSubscribe {
  readonly request: SipRequest;
  readonly from: NameAddr;
  readonly target: SipUri;
  readonly event: string;
  readonly expiresS: number;
  readonly targetDialog: DialogId | undefined;
  readonly source: Hop;
  readonly #core: Core;
  readonly #transaction: ServerTransaction;

  constructor(core: Core, transaction: ServerTransaction, { target, event, expiresS }: Asked) {
    this.#core = core;
    this.#transaction = transaction;
    this.request = transaction.request;
    this.from = this.request.headers.from;
    this.target = target;
    this.event = event;
    this.expiresS = expiresS;
    this.targetDialog = parseTargetDialog(textHeader(this.request, "target-dialog") ?? "");
    this.source = transaction.source;
  }

  accept(handlers: NotifierHandlers): Notifier {
    const core = this.#core;
    const dialog = Dialog.ofCallee(this.request, token(), core.contact());
    const notifier = new EventNotifier(core, dialog, this, handlers);
    notifier.grant(this.#transaction, this.expiresS);
    return notifier;
  }

  reject(status: number, reason?: string, headers?: ExtraHeaders): void {
    this.#core.respond(this.#transaction, status, { reason, headers: extraHeaders(headers) });
  }
}

class EventNotifier implements Notifier, DialogUser {
  readonly subscriber: NameAddr;
  readonly #core: Core;
  readonly #dialog: Dialog;
  readonly #event: string;
  readonly #handlers: NotifierHandlers;
  readonly #machine: Machine<NotifierState, NotifierEvent>;
  /** One NOTIFY at a time: each link waits for the answer to the one before. */
  #queue: Promise<void> = Promise.resolve();
  #expiresS: number;
  #grantedAt = performance.now();

  constructor(core: Core, dialog: Dialog, { event, expiresS }: Asked, handlers: NotifierHandlers) {
    this.subscriber = { ...dialog.remote, params: {} };
    this.#core = core;
    this.#dialog = dialog;
    this.#event = event;
    this.#expiresS = expiresS;
    this.#handlers = handlers;
    const fetchMs = 64 * core.timers.t1;
    const expiresAfterMs = () => (this.#expiresS === 0 ? fetchMs : 1000 * this.#expiresS);
    this.#machine = new Machine(notifierStates(expiresAfterMs), "active", (_state, event) =>
      this.#entered(event),
    );
    core.users.set(dialogKey(dialog.id), this);
  }

  get active(): boolean {
    return this.#machine.state === "active";
  }

  /** The 2xx to a SUBSCRIBE, first or refreshing. */
  grant(transaction: ServerTransaction, expiresS: number): void {
    const headers = { contact: [this.#dialog.contact], expires: `${expiresS}` };
    this.#core.respond(transaction, 200, { tag: this.#dialog.id.localTag, headers });
  }

  notify(type: string, content: string): Promise<void> {
    const body = { type, content };
    if (this.active && this.#expiresS === 0) {
      this.#send("terminated;reason=timeout", body);
      this.#machine.send("closed");
    } else if (this.active) this.#send(undefined, body);
    return this.#queue;
  }

  terminate(reason: string): void {
    if (this.#machine.send("terminated")) this.#send(`terminated;reason=${oneLine(reason)}`);
  }

  async close(): Promise<void> {
    this.terminate("deactivated");
    await this.#queue;
  }

  drop(): void {
    this.#machine.send("closed");
  }

  receive(request: SipRequest, transaction: ServerTransaction): void {
    const asked = textHeader(request, "expires");
    const expiresS = asked === undefined ? LONGEST_S : seconds(asked);
    if (!this.#dialog.inOrder(request)) this.#core.respond(transaction, 500, { reason: "CSeq Out Of Order" });
    else if (request.method !== "SUBSCRIBE")
      this.#core.respond(transaction, 405, { headers: { allow: "SUBSCRIBE" } });
    else if (expiresS === undefined) this.#core.respond(transaction, 400, { reason: "Malformed Expires" });
    else this.#refresh(request, transaction, Math.min(expiresS, LONGEST_S));
  }

  #refresh(request: SipRequest, transaction: ServerTransaction, expiresS: number): void {
    this.#dialog.refreshTarget(request);
    this.grant(transaction, expiresS);
    if (expiresS === 0) {
      this.#machine.send("unsubscribed");
      return;
    }
    this.#expiresS = expiresS;
    this.#grantedAt = performance.now();
    this.#machine.send("refreshed");
    this.#handlers.onRefresh();
  }

  #entered(event: NotifierEvent): void {
    if (event === "refreshed") return;
    this.#core.users.delete(dialogKey(this.#dialog.id));
    // The end of the time and an unsubscribe look alike on the wire (RFC 6665 §4.2.1.4).
    if (event === "expired" || event === "unsubscribed") this.#send("terminated;reason=timeout");
    if (event !== "terminated" && event !== "closed") this.#handlers.onEnded(event);
  }

  /** Queues a NOTIFY; one without a state of its own is dropped when the subscription ended meanwhile. */
  #send(last: string | undefined, body?: Body): void {
    this.#queue = this.#queue.then(async () => {
      const state = last ?? (this.active ? this.#activeState() : undefined);
      if (state === undefined) return;
      const headers = { ...this.#core.common(), event: this.#event, "subscription-state": state };
      const { status } = await this.#core.exchange(this.#dialog.request("NOTIFY", { headers, body }));
      if (GONE.has(status)) this.#machine.send("lost");
    });
  }

  #activeState(): string {
    const passedS = (performance.now() - this.#grantedAt) / 1000;
    return `active;expires=${Math.max(Math.round(this.#expiresS - passedS), 0)}`;
  }
}
