/** A dialog that a SUBSCRIBE or REFER made and that has no other use than its NOTIFYs (RFC 6665 §4.4.1). */
import type { Core, DialogUser } from "./core.ts";
import { Dialog, dialogKey, type RequestParts } from "./dialog.ts";
import { eventOf } from "./event-header.ts";
import { token } from "./header-values.ts";
import type { NameAddr, SipRequest, SipResponse } from "./message.ts";
import { EventNotifier, type NotifierOptions, type NotifierPath } from "./notify.ts";
import type { ServerTransaction } from "./stack.ts";

export class NotifierDialog implements DialogUser, NotifierPath {
  readonly notifier: EventNotifier;
  readonly #core: Core;
  readonly #dialog: Dialog;

  /** `transaction` is that of the request that asked, to be answered by the notifier's grant(). */
  constructor(core: Core, transaction: ServerTransaction, options: Omit<NotifierOptions, "core" | "path">) {
    this.#core = core;
    this.#dialog = Dialog.ofCallee(transaction.request, token(), core.contactFor(transaction));
    this.notifier = new EventNotifier({ ...options, core, path: this });
    core.users.set(dialogKey(this.#dialog.id), this);
  }

  get subscriber(): NameAddr {
    return this.#dialog.remote;
  }

  get contact(): NameAddr {
    return this.#dialog.contact;
  }

  get localTag(): string {
    return this.#dialog.id.localTag;
  }

  notify(parts: RequestParts): Promise<SipResponse> {
    const dialog = this.#dialog;
    return this.#core.exchange(dialog.request("NOTIFY", parts), { nextSeq: () => dialog.nextSeq() });
  }

  refreshTarget(request: SipRequest): void {
    this.#dialog.refreshTarget(request);
  }

  release(): void {
    this.#core.users.delete(dialogKey(this.#dialog.id));
  }

  receive(request: SipRequest, transaction: ServerTransaction): void {
    const event = eventOf(request);
    const { name, id = event.id } = this.notifier.event;
    if (!this.#dialog.inOrder(request)) this.#core.respond(transaction, 500, { reason: "CSeq Out Of Order" });
    else if (request.method !== "SUBSCRIBE")
      this.#core.respond(transaction, 405, { headers: { allow: "SUBSCRIBE" } });
    else if (event.name !== name || (event.id ?? id) !== id) this.#core.respond(transaction, 481);
    else this.notifier.subscribed(request, transaction, event);
  }

  close(): Promise<void> {
    return this.notifier.close();
  }

  drop(): void {
    this.notifier.drop();
  }
}
