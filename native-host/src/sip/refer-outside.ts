/** A REFER outside any dialog: it makes one, in which its reports come (RFC 3515 §2.4, RFC 7647 §4). */
import type { Core, DialogUser } from "./core.ts";
import { Dialog, dialogKey } from "./dialog.ts";
import { formatTargetDialog, tagOf } from "./header-values.ts";
import type { DialogId, Leg } from "./leg.ts";
import type { NameAddr, SipHeaders, SipRequest, SipResponse, SipUri } from "./message.ts";
import { type ReferOptions, Referrals } from "./refer.ts";
import type { ServerTransaction } from "./stack.ts";

export interface OutsideReferOptions extends ReferOptions {
  readonly from?: { readonly name?: string; readonly uri: SipUri };
  /** A dialog we share with the target, by which it knows us (RFC 4538); when missing, that of a call with this Contact. */
  readonly targetDialog?: DialogId;
}

/** Asks `target` to contact `referTo`; settles as `Leg.refer` does. */
export function referOutside(
  core: Core,
  target: SipUri,
  referTo: SipUri,
  options: OutsideReferOptions,
): Promise<number> {
  return new OutsideReferral(core, target, options).refer(referTo);
}

class OutsideReferral implements DialogUser {
  readonly #core: Core;
  readonly #target: SipUri;
  readonly #options: OutsideReferOptions;
  readonly #referrals: Referrals;
  readonly #contact: NameAddr;
  readonly #from: NameAddr | undefined;
  #request: SipRequest | undefined;
  #key = "";
  #dialog: Dialog | undefined;

  constructor(core: Core, target: SipUri, options: OutsideReferOptions) {
    this.#core = core;
    this.#target = target;
    this.#options = options;
    this.#from = options.from && { ...options.from, params: {} };
    this.#contact = core.contactTo(target, { from: this.#from });
    this.#referrals = new Referrals({
      core,
      send: (headers) => this.#send(headers),
      onIdle: () => core.users.delete(this.#key),
    });
  }

  refer(referTo: SipUri): Promise<number> {
    return this.#referrals.refer(referTo, this.#options);
  }

  /** A NOTIFY may overtake the 202 and then makes the dialog itself; those of other forks are refused. */
  receive(request: SipRequest, transaction: ServerTransaction): void {
    const status = request.method === "NOTIFY" ? this.#heard(request) : 481;
    this.#core.respond(transaction, status);
  }

  close(): Promise<void> {
    this.drop();
    return Promise.resolve();
  }

  drop(): void {
    this.#referrals.stop();
  }

  #heard(notify: SipRequest): number {
    if (!this.#request) return 481;
    this.#dialog ??= Dialog.ofEarlyNotify(this.#request, notify, this.#contact);
    if (this.#dialog.id.remoteTag !== tagOf(notify.headers.from)) return 481;
    if (!this.#dialog.inOrder(notify)) return 500;
    return this.#referrals.receive(notify) ? 200 : 481;
  }

  #send(headers: Partial<SipHeaders>): Promise<SipResponse> {
    const shared = this.#options.targetDialog ?? legWith(this.#core, this.#target)?.id;
    const request = this.#core.first("REFER", this.#target, {
      from: this.#from,
      headers: {
        contact: [this.#contact],
        ...(shared && { "target-dialog": formatTargetDialog(shared) }),
        ...headers,
      },
    });
    const { from, "call-id": callId } = request.headers;
    this.#request = request;
    this.#key = dialogKey({ callId, localTag: tagOf(from), remoteTag: "" });
    this.#core.users.set(this.#key, this);
    return this.#core.exchange(request);
  }
}

/** A call of ours with whoever has this Contact. */
function legWith({ users }: Core, target: SipUri): Leg | undefined {
  for (const { leg } of users.values()) if (leg?.remoteContact.uri === target) return leg;
  return undefined;
}
