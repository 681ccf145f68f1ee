/** What call control sees of SIP: legs, the calls that make them, and the calls that come in. */

import type { DialogState } from "./dialog-state.ts";
import type { IncomingRefer } from "./incoming-refer.ts";
import type { NameAddr, Sdp, SipRequest, SipResponse, SipUri } from "./message.ts";
import type { IncomingMessage } from "./message-request.ts";
import type { BodyPart } from "./multipart.ts";
import type { ReferOptions } from "./refer.ts";

/** Names a dialog from our side (RFC 3261 §12): what Replaces and Target-Dialog carry, tags seen from the sender. */
export interface DialogId {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
}

/** A request header set by call control: already safe text, one line. */
export type ExtraHeaders = Readonly<Record<string, string>>;

/** What the owner of a leg does when the peer acts; each may be left out. */
export interface LegHandlers {
  /** Peer's re-INVITE with an offer; returns the answer, or throws SipError. Without it: the last answer again if media are unchanged, else 488. */
  onOffer?(offer: Sdp): Sdp | Promise<Sdp>;
  /** Peer's re-INVITE without an offer: what we offer in our 2xx, all we can do now; our last description when missing. */
  makeOffer?(): Sdp | Promise<Sdp>;
  /** The answer that came in the ACK to an invite or re-INVITE we accepted with an offer of ours. */
  onAnswer?(answer: Sdp): void;
  /** The dialog ended and not by our bye(): peer's BYE, a 481/408 in the dialog, or no ACK for 64*T1. `lost`: nobody said goodbye in a call that stood. */
  onEnded?(reason: string, lost: boolean): void;
  /** A target refresh gave the peer another Contact (RFC 3261 §12.2); `was`: the one before. Called when it has been answered. */
  onTarget?(was: NameAddr): void;
  /** Peer's REFER in this dialog; without it the user agent's owner is asked. */
  onRefer?(refer: IncomingRefer): void;
  /** Peer's MESSAGE in this dialog; without it the user agent's owner is asked. */
  onMessage?(message: IncomingMessage): void;
  /** The INFO packages we take, told to the peer as Recv-Info (RFC 6086); others are answered 469. */
  readonly infoPackages?: readonly string[];
  /** An INFO of one of them; answered 200, or with the status of a thrown SipError. */
  onInfo?(name: string, body: { type: string; content: string } | undefined): void;
  /** Other requests in the dialog, among them INFO without a package; without it 501, and to INFO 415 or 200 for an empty one. */
  onRequest?(request: SipRequest): InDialogAnswer | Promise<InDialogAnswer>;
}

export interface InDialogAnswer {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: ExtraHeaders;
  readonly content?: string;
}

/** Our half of one INVITE dialog: all that call control may ask of the far end. */
export interface Leg {
  /** Whom we called, or who called us: To or From of the first INVITE. */
  readonly peer: NameAddr;
  readonly state: DialogState;
  readonly id: DialogId;
  /** Contact of the peer with its parameters (`isfocus`, RFC 4579 §4). */
  readonly remoteContact: NameAddr;
  /** Our Contact in this dialog. */
  readonly localContact: SipUri;
  /** Option tags of the peer's Supported header, lower case. */
  readonly supports: ReadonlySet<string>;
  /** The peer's current session description, from its last offer or answer; "" before there is one. */
  readonly description: Sdp;
  /** Ours, from the last offer or answer we sent. */
  readonly localDescription: Sdp;
  /** Resolves when no 2xx of ours waits for its ACK: false when the leg ended meanwhile. Until then nobody has shown to be there. */
  acknowledged(): Promise<boolean>;
  /** May be replaced at any time by the leg's owner. */
  handlers: LegHandlers;
  /** Re-INVITE with a new offer; returns the answer. Sends `o=` with this leg's session id and the version raised by one (RFC 3264 §8). Throws SipError; the old session then stands. */
  offer(sdp: Sdp): Promise<Sdp>;
  /** From now on our Contact has this user part, which the peer learns at once by UPDATE, else by a re-INVITE with what it knows (a target refresh, RFC 3261 §12.2). */
  refresh(contactUser: string): void;
  /** Any other request in the dialog; resolves with its final response. */
  request(
    method: string,
    body?: { type: string; content: string },
    headers?: ExtraHeaders,
  ): Promise<SipResponse>;
  /** REFER in the dialog (RFC 3515); resolves with the final sipfrag status, or the 2xx status when the peer grants norefersub. */
  refer(target: SipUri, options?: ReferOptions): Promise<number>;
  /** INFO of a package (RFC 6086). Throws SipError, 469 when the peer did not say that it takes the package. */
  info(name: string, body?: { type: string; content: string }): Promise<void>;
  /** Ends the dialog; idempotent, never throws, resolves when answered or given up. */
  bye(reason?: string): Promise<void>;
}

/** What a leg can do before its call is accepted (RFC 3261 §12.1): its dialog is early, its requests are its own. */
export interface EarlyLeg
  extends Pick<
    Leg,
    | "peer"
    | "state"
    | "id"
    | "remoteContact"
    | "localContact"
    | "supports"
    | "description"
    | "localDescription"
    | "offer"
    | "request"
  > {
  /** May be replaced; the handlers of the call until then. Those of a leg that is accepted stay. */
  handlers: LegHandlers;
  /** Set by the owner: called once if the call is not accepted here; then another phone has it, or nobody. */
  onLost?: (reason: string) => void;
  /** Ends the call before it is accepted: CANCEL, or 480 where it rings at ours. */
  bye(reason?: string): Promise<void>;
}

export interface InviteOptions {
  /** Our session description. Without it the INVITE has none, the peer offers in its 2xx, and `answerOffer` makes the answer for the ACK. */
  readonly offer?: Sdp;
  readonly answerOffer?: (offer: Sdp) => Sdp | Promise<Sdp>;
  /** From; the user agent's own identity when missing. */
  readonly from?: { readonly name?: string; readonly uri: SipUri };
  readonly headers?: ExtraHeaders;
  /** The proxy it goes by, in place of the user agent's own (§8.1.2). */
  readonly proxy?: SipUri | undefined;
  /** The INVITE says nothing of our abilities and our name, to a peer that needs neither and where its length counts (§18.1.1). */
  readonly brief?: boolean;
  /** What the body has beside the session description, as parts of their own (RFC 5621). */
  readonly parts?: readonly BodyPart[];
  /** The user part of our Contact; the user agent's, or a random one, when missing. */
  readonly contactUser?: string | undefined;
  /** Parameters of our Contact, e.g. `{ isfocus: null }`. */
  readonly contactParams?: Readonly<Record<string, string | null>>;
  /** The dialog this call takes over (RFC 3891): sent as Replaces, tags turned for the peer, with Require: replaces. */
  readonly replaces?: DialogId;
  readonly handlers?: LegHandlers;
  /** 101 to 199, as they come. */
  readonly onProgress?: (status: number, response: SipResponse) => void;
  /** The 2xx that makes the call, before its ACK. */
  readonly onAccepted?: (response: SipResponse) => void;
  /** Each phone that rings, once when its dialog begins and again when it first describes its (early) media. */
  readonly onEarly?: (early: EarlyLeg) => void;
  /** A second phone that accepted the same call, ACKed and open; hung up at once without this. */
  readonly onFork?: (established: { leg: Leg; answer: Sdp }) => void;
  /** How often the session is refreshed at least (RFC 4028), seconds; the user agent's own when missing, 0 for never. */
  readonly sessionExpiresS?: number;
  /** How many contacts of 3xx responses are tried, sip: and sips: alone; 5 when missing, 0 throws the 3xx. */
  readonly redirects?: number;
  /** The ACK of the 2xx waits for this (RFC 3725 §4): must not reject, and must end. */
  readonly confirm?: Promise<unknown>;
  /** Aborting sends CANCEL; a 2xx that crosses it is ACKed and ended by BYE. The CANCEL says why when the signal's reason is a CancelReason. */
  readonly signal?: AbortSignal;
  /** Give up after this long without a final response (CANCEL, then SipError 408). */
  readonly timeoutMs?: number;
}

/** Places the first INVITE of a dialog. Throws SipError when it is refused or times out. */
export interface Caller {
  invite(target: SipUri, options: InviteOptions): Promise<{ leg: Leg; answer: Sdp }>;
}

/** An INVITE outside a dialog, waiting for our decision. Exactly one of accept and reject; after a cancel both do nothing. */
export interface IncomingInvite {
  readonly request: SipRequest;
  readonly from: NameAddr;
  readonly target: SipUri;
  readonly source: { readonly address: string; readonly port: number };
  /** Undefined: the caller wants our offer in the 2xx (delayed offer). */
  readonly offer: Sdp | undefined;
  /** The dialog named by Replaces, as one of ours: our own tag is localTag. */
  readonly replaces: DialogId | undefined;
  /** Set by the owner: called once if the caller cancels before the decision, with its Reason header (RFC 3326) if it gave one, or never confirms that it heard us ring. */
  onCancelled?: (reason?: string) => void;
  /** Sends 101 to 199; returns our half of the early dialog, undefined after the decision. */
  ring(status?: number, options?: RingOptions): EarlyLeg | undefined;
  accept(sdp: Sdp, options?: AcceptOptions): Leg;
  reject(status: number, reason?: string, headers?: ExtraHeaders): void;
}

export interface RingOptions {
  /** Our answer, or our offer when the INVITE had none: the caller may hear us already; accept() then repeats it. */
  readonly sdp?: Sdp;
  /** Repeat until the caller's PRACK (RFC 3262); when missing: if it brings `sdp` or the caller requires it. */
  readonly reliable?: boolean;
  readonly handlers?: LegHandlers;
}

export interface AcceptOptions {
  /** Parameters of our Contact, e.g. `{ isfocus: null }`. */
  readonly contactParams?: Readonly<Record<string, string | null>>;
  /** The user part of our Contact; that of the request URI when missing. */
  readonly contactUser?: string;
  readonly headers?: ExtraHeaders;
  /** What the 2xx has beside the session description; only for a caller that is known to read such bodies. */
  readonly parts?: readonly BodyPart[];
  readonly handlers?: LegHandlers;
}
