/** A REFER from the peer's request to our decision, and the reports of how it went (RFC 3515 §2.4, RFC 4488, RFC 7647). */
import type { Core } from "./core.ts";
import { dialogKey, usableContact } from "./dialog.ts";
import type { EventHeader } from "./event-header.ts";
import { extraHeaders, oneLine, parseTargetDialog, token } from "./header-values.ts";
import { type Inside, isFull, RETRY_AFTER } from "./incoming-subscribe.ts";
import type { DialogId, ExtraHeaders, Leg } from "./leg.ts";
import { type Hop, type NameAddr, type SipRequest, textHeader } from "./message.ts";
import { NotifierDialog } from "./notifier-dialog.ts";
import { EventNotifier } from "./notify.ts";
import { MULTIPLE_REFER, recipientsIn } from "./recipient-list.ts";
import { parseReferTo, type ReferTo } from "./refer-to.ts";
import { reasonOf } from "./response.ts";
import type { ServerTransaction } from "./stack.ts";
import { parseNameAddr } from "./uri.ts";

/** A REFER waiting for our decision; exactly one of accept and reject. Nothing is done unless the owner does it. */
export interface IncomingRefer {
  readonly request: SipRequest;
  readonly from: NameAddr;
  readonly referTo: ReferTo;
  /** All whom to contact: the one, or those of a list in the body (RFC 5368). */
  readonly targets: readonly ReferTo[];
  /** Who asks, as the peer says it and nobody proved (RFC 3892). */
  readonly referredBy: NameAddr | undefined;
  /** The dialog named by Target-Dialog (RFC 4538), as one of ours: our own tag is localTag. */
  readonly targetDialog: DialogId | undefined;
  /** The call it came in, or that its Target-Dialog names: who knows both tags takes part in it (RFC 4538 §5). */
  readonly leg: Leg | undefined;
  readonly source: Hop;
  /** Sends 202 and reports 100 at once, unless the peer wants no reports. */
  accept(options?: { readonly expiresS?: number; readonly onEnded?: (reason: string) => void }): Referee;
  reject(status: number, reason?: string, headers?: ExtraHeaders): void;
}

export interface Referee {
  /** Whether the peer still wants to hear. */
  readonly active: boolean;
  /** Reports a status; a final one ends the reports. Resolves when it was heard or given up, never rejects. */
  progress(status: number, reason?: string): Promise<void>;
}

/** How long we promise to report, seconds; the peer may ask for more. */
const REPORT_S = 180;

const SIPFRAG = "message/sipfrag;version=2.0";

/** Reads the REFER and hands it to `onRefer`, or refuses one that no owner could accept. */
export function receiveRefer(
  core: Core,
  transaction: ServerTransaction,
  onRefer: (refer: IncomingRefer) => void,
  inside?: Inside,
): void {
  const { request } = transaction;
  const targets = targetsOf(core, request);
  const [referTo] = targets ?? [];
  const by = textHeader(request, "referred-by");
  const referredBy = by === undefined ? undefined : parseNameAddr(by);
  const refuse = (reason: string) => core.respond(transaction, 400, { reason });
  if (!referTo || !targets) refuse("Bad Refer-To");
  else if (by !== undefined && !referredBy) refuse("Bad Referred-By");
  else if (!inside && !usableContact(request)) refuse("No Usable Contact");
  else if (isFull(core)) core.respond(transaction, 503, { headers: RETRY_AFTER });
  else onRefer(new PendingRefer(core, transaction, { referTo, targets, referredBy, inside }));
}

/** Refer-To names a place, or points into the body at a list of places. */
function targetsOf({ supported }: Core, request: SipRequest): readonly ReferTo[] | undefined {
  const text = textHeader(request, "refer-to") ?? "";
  const listed = /^\s*<?cid:/i.test(text) && supported.includes(MULTIPLE_REFER);
  const places = listed
    ? recipientsIn(request)?.map(({ uri, name }) => ({ ...parseReferTo(`<${uri}>`), ...(name && { name }) }))
    : [parseReferTo(text)];
  return places?.every(isReferTo) ? places : undefined;
}

function isReferTo(place: Partial<ReferTo> | undefined): place is ReferTo {
  return place?.uri !== undefined;
}

interface Asked {
  readonly referTo: ReferTo;
  readonly targets: readonly ReferTo[];
  readonly referredBy: NameAddr | undefined;
  readonly inside: Inside | undefined;
}

class PendingRefer implements IncomingRefer {
  readonly request: SipRequest;
  readonly from: NameAddr;
  readonly referTo: ReferTo;
  readonly targets: readonly ReferTo[];
  readonly referredBy: NameAddr | undefined;
  readonly targetDialog: DialogId | undefined;
  readonly leg: Leg | undefined;
  readonly source: Hop;
  readonly #core: Core;
  readonly #transaction: ServerTransaction;
  readonly #inside: Inside | undefined;

  constructor(core: Core, transaction: ServerTransaction, { referTo, targets, referredBy, inside }: Asked) {
    this.#core = core;
    this.#transaction = transaction;
    this.#inside = inside;
    this.request = transaction.request;
    this.from = this.request.headers.from;
    this.referTo = referTo;
    this.targets = targets;
    this.referredBy = referredBy;
    this.targetDialog = parseTargetDialog(textHeader(this.request, "target-dialog") ?? "");
    this.leg = inside?.leg ?? (this.targetDialog && core.users.get(dialogKey(this.targetDialog))?.leg);
    this.source = transaction.source;
  }

  accept({ expiresS = REPORT_S, onEnded }: Parameters<IncomingRefer["accept"]>[0] = {}): Referee {
    if (!wantsReports(this.request)) {
      const contact = this.#inside?.path().contact ?? this.#core.contactFor(this.#transaction);
      const headers = { "refer-sub": "false", contact: [contact] };
      this.#core.respond(this.#transaction, 202, { tag: token(), headers });
      return { active: false, progress: () => Promise.resolve() };
    }
    const reports = new Reports((handlers) => this.#notifier(expiresS, handlers), onEnded);
    reports.notifier.grant(this.#transaction, 202, {});
    void reports.progress(100);
    return reports;
  }

  reject(status: number, reason?: string, headers?: ExtraHeaders): void {
    this.#core.respond(this.#transaction, status, { reason, headers: extraHeaders(headers) });
  }

  /** Each REFER has a subscription of its own, told apart by its CSeq (RFC 3515 §2.4.6). */
  #notifier(expiresS: number, handlers: EventHandlers): EventNotifier {
    const id = `${this.request.headers.cseq.seq}`;
    const event: EventHeader = {
      name: "refer",
      id,
      maxRate: undefined,
      minRate: undefined,
      adaptiveMinRate: undefined,
    };
    const inside = this.#inside;
    const core = this.#core;
    if (!inside) return new NotifierDialog(core, this.#transaction, { event, expiresS, handlers }).notifier;
    const notifier = new EventNotifier({ core, path: inside.path(), event, expiresS, handlers });
    inside.adopt(notifier);
    return notifier;
  }
}

type EventHandlers = ConstructorParameters<typeof EventNotifier>[0]["handlers"];

/** Refer-Sub: false says no (RFC 4488 §4). */
function wantsReports(request: SipRequest): boolean {
  return !/^\s*false\b/i.test(textHeader(request, "refer-sub") ?? "");
}

class Reports implements Referee {
  readonly notifier: EventNotifier;
  #last = "";

  constructor(
    open: (handlers: EventHandlers) => EventNotifier,
    onEnded: ((reason: string) => void) | undefined,
  ) {
    this.notifier = open({
      onRefresh: () => void this.notifier.notify(SIPFRAG, this.#last),
      onEnded: (reason) => onEnded?.(reason),
    });
  }

  get active(): boolean {
    return this.notifier.active;
  }

  progress(status: number, reason: string = reasonOf(status)): Promise<void> {
    this.#last = `SIP/2.0 ${status} ${oneLine(reason)}\r\n`;
    if (status < 200) return this.notifier.notify(SIPFRAG, this.#last);
    return this.notifier.terminate("noresource", SIPFRAG, this.#last);
  }
}
