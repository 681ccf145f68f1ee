/** A SUBSCRIBE from the peer's request to our decision (RFC 6665 §4.2.1). */
import type { Core } from "./core.ts";
import { usableContact } from "./dialog.ts";
import { type EventHeader, eventOf } from "./event-header.ts";
import { extraHeaders, mediaTypes, parseTargetDialog } from "./header-values.ts";
import type { DialogId, ExtraHeaders, Leg } from "./leg.ts";
import { type Hop, type NameAddr, type SipRequest, type SipUri, textHeader } from "./message.ts";
import { NotifierDialog } from "./notifier-dialog.ts";
import {
  EventNotifier,
  expiryOf,
  type Notifier,
  type NotifierHandlers,
  type NotifierPath,
} from "./notify.ts";
import type { ServerTransaction } from "./stack.ts";
import { isSipUri } from "./uri.ts";

/** A SUBSCRIBE for something new, waiting for our decision; exactly one of accept and reject. */
export interface IncomingSubscribe {
  readonly request: SipRequest;
  readonly from: NameAddr;
  readonly target: SipUri;
  readonly event: string;
  /** What we grant: what was asked for, an hour at most; 0 asks for one NOTIFY only. */
  readonly expiresS: number;
  /** The dialog named by Target-Dialog (RFC 4538), as one of ours: our own tag is localTag. */
  readonly targetDialog: DialogId | undefined;
  /** The call in whose dialog it came. */
  readonly leg: Leg | undefined;
  readonly source: Hop;
  /** Sends 200; the owner sends the first NOTIFY right after, or an empty one goes out. */
  accept(handlers: NotifierHandlers): Notifier;
  reject(status: number, reason?: string, headers?: ExtraHeaders): void;
}

/** The call whose dialog a request came in. */
export interface Inside {
  readonly leg: Leg;
  /** The path of a subscription in that dialog; it is told when the notifier stands. */
  path(): NotifierPath;
  adopt(notifier: EventNotifier): void;
}

/** Subscriptions held with one user agent at one time; whoever comes after that is told to come again later. */
const MOST = 20_000;

export const RETRY_AFTER = { "retry-after": "10" };

/** Whether there are as many subscriptions as there may be; the reports of REFERs count too. */
export function isFull({ notifiers, owner }: Core): boolean {
  return notifiers.size >= (owner.subscriptions?.most ?? MOST);
}

/** Reads the SUBSCRIBE and hands it to the owner, or refuses one that no owner could accept. */
export function receiveSubscribe(core: Core, transaction: ServerTransaction, inside?: Inside): void {
  const { request } = transaction;
  const { onSubscribe } = core.owner;
  const event = eventOf(request);
  const expiresS = expiryOf(core, request);
  const refuse = (status: number, headers = {}, reason?: string) =>
    core.respond(transaction, status, { reason, headers });
  if (!onSubscribe || !isPackage(core, event)) refuse(489, { "allow-events": core.events });
  else if (!isAccepted(core, request, event)) refuse(406);
  else if (!usableContact(request)) refuse(400, {}, "No Usable Contact");
  else if (typeof expiresS !== "number")
    refuse(expiresS.status, expiresS.headers, expiresS.status === 400 ? "Malformed Expires" : undefined);
  else if (isFull(core)) refuse(503, RETRY_AFTER);
  else onSubscribe(pendingSubscribe(core, transaction, { event, expiresS, inside }));
}

function isPackage({ owner: { events } }: Core, { name }: EventHeader): boolean {
  return name !== "" && (events === undefined || Object.hasOwn(events, name));
}

/** Whether the subscriber reads one of the types we would send it (RFC 6665 §3.1.3). */
function isAccepted({ owner: { events } }: Core, request: SipRequest, { name }: EventHeader): boolean {
  const ours = events?.[name];
  const accept = textHeader(request, "accept");
  if (ours === undefined || accept === undefined) return true;
  const theirs = mediaTypes(accept);
  return ours.some((type) => theirs.has(type) || theirs.has("*/*") || theirs.has(type.replace(/\/.*/, "/*")));
}

interface Asked {
  readonly event: EventHeader;
  readonly expiresS: number;
  readonly inside: Inside | undefined;
}

function pendingSubscribe(core: Core, transaction: ServerTransaction, asked: Asked): IncomingSubscribe {
  const { request, source } = transaction;
  const { event, expiresS, inside } = asked;
  return {
    request,
    from: request.headers.from,
    target: isSipUri(request.uri) ? request.uri : core.address,
    event: event.name,
    expiresS,
    targetDialog: parseTargetDialog(textHeader(request, "target-dialog") ?? ""),
    leg: inside?.leg,
    source,
    accept(handlers) {
      const notifier = makeNotifier(core, transaction, { ...asked, handlers });
      notifier.grant(transaction, 200, { expires: `${expiresS}` });
      return notifier;
    },
    reject(status, reason, headers) {
      const allow = status === 489 ? { "allow-events": core.events } : {};
      core.respond(transaction, status, { reason, headers: { ...allow, ...extraHeaders(headers) } });
    },
  };
}

function makeNotifier(
  core: Core,
  transaction: ServerTransaction,
  { inside, ...asked }: Asked & { readonly handlers: NotifierHandlers },
): EventNotifier {
  if (!inside) return new NotifierDialog(core, transaction, asked).notifier;
  const notifier = new EventNotifier({ core, path: inside.path(), ...asked });
  inside.adopt(notifier);
  return notifier;
}
