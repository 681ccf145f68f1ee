/** Where a request goes that reaches the user agent: to its dialog, to the owner, or back with a refusal (RFC 3261 §8.2). */
import type { Core, DialogUser } from "./core.ts";
import { dialogIdOf, dialogKey } from "./dialog.ts";
import { optionTags, tagOf } from "./header-values.ts";
import { receiveInvite } from "./incoming-invite.ts";
import { receiveRefer } from "./incoming-refer.ts";
import { receiveSubscribe } from "./incoming-subscribe.ts";
import { MergedRequests } from "./merged.ts";
import { type SipRequest, textHeader } from "./message.ts";
import { receiveMessage } from "./message-request.ts";
import { answerOptions } from "./options.ts";
import type { ServerTransaction } from "./stack.ts";
import { isSipUri } from "./uri.ts";

/** Requests we know, to be refused with 405 where no owner wants them. */
const KNOWN: ReadonlySet<string> = new Set(["INVITE", "REFER", "MESSAGE", "REGISTER", "PUBLISH", "INFO"]);

/** Requests that belong to a dialog: outside one there is nothing they could mean. */
const INSIDE: ReadonlySet<string> = new Set(["BYE", "NOTIFY", "UPDATE", "PRACK"]);

export class RequestRouting {
  readonly #core: Core;
  readonly #requests = new MergedRequests();
  #open = true;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The user agent closes: nothing begins any more. */
  close(): void {
    this.#open = false;
  }

  receive(transaction: ServerTransaction): void {
    const { request } = transaction;
    const inside = tagOf(request.headers.to) !== "";
    const user = inside ? this.#user(request) : undefined;
    if (this.#cannot(transaction)) return;
    if (user) user.receive(request, transaction);
    else if (inside) this.#core.respond(transaction, 481);
    else this.#receiveFirst(transaction);
  }

  /** A copy that outlived its transaction was answered long ago: a second answer would begin a second call. */
  #receiveFirst(transaction: ServerTransaction): void {
    const sighting = this.#requests.see(transaction.request, transaction.source.protocol);
    if (sighting === "copy") transaction.close();
    else if (sighting === "merged") this.#core.respond(transaction, 482);
    else this.#begin(transaction);
  }

  /** Refuses what needs an extension (§8.2.2.3) or a decoding (§8.2.3) that we have not. */
  #cannot(transaction: ServerTransaction): boolean {
    const { request } = transaction;
    const unsupported = unsupportedTags(request, this.#core);
    const encoding = textHeader(request, "content-encoding")?.trim().toLowerCase() || "identity";
    if (unsupported.length > 0) {
      this.#core.respond(transaction, 420, { headers: { unsupported: unsupported.join(", ") } });
      return true;
    }
    if (encoding === "identity" || request.content === "") return false;
    this.#core.respond(transaction, 415, { headers: { "accept-encoding": "identity" } });
    return true;
  }

  /** The ACK to a 2xx of ours. */
  acknowledge(ack: SipRequest): void {
    this.#user(ack)?.acknowledge?.(ack);
  }

  /** Who has the dialog of this request, or waits for it to begin. */
  #user(request: SipRequest): DialogUser | undefined {
    const id = dialogIdOf(request);
    const { users } = this.#core;
    return users.get(dialogKey(id)) ?? users.get(dialogKey({ ...id, remoteTag: "" }));
  }

  /** A request outside any dialog. */
  #begin(transaction: ServerTransaction): void {
    const { method, uri } = transaction.request;
    const core = this.#core;
    if (!isSipUri(uri)) core.respond(transaction, 416);
    else if (!this.#open) core.respond(transaction, 503);
    else if (method === "OPTIONS") answerOptions(core, transaction);
    else this.#ask(transaction);
  }

  #ask(transaction: ServerTransaction): void {
    const { method } = transaction.request;
    const core = this.#core;
    const { onInvite, onRefer, onMessage } = core.owner;
    if (method === "INVITE" && onInvite) receiveInvite(core, transaction, onInvite);
    else if (method === "SUBSCRIBE") receiveSubscribe(core, transaction);
    else if (method === "REFER" && onRefer) receiveRefer(core, transaction, onRefer);
    else if (method === "MESSAGE" && onMessage) receiveMessage(core, transaction, onMessage);
    else this.#refuse(transaction);
  }

  #refuse(transaction: ServerTransaction): void {
    const { method } = transaction.request;
    const headers = { allow: this.#core.allow };
    if (INSIDE.has(method)) this.#core.respond(transaction, 481);
    else this.#core.respond(transaction, KNOWN.has(method) ? 405 : 501, { headers });
  }
}

/** What the peer requires and we cannot do (§8.2.2.3). */
function unsupportedTags(request: SipRequest, { supported }: Core): readonly string[] {
  if (request.headers["require"] === undefined) return [];
  return [...optionTags(request, "require")].filter((tag) => !supported.includes(tag));
}
