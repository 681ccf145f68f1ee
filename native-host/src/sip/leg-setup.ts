/** What our half of a dialog is made of, and the attempt that makes it. */
import type { Agreement } from "./agreement.ts";
import type { Core } from "./core.ts";
import type { Dialog } from "./dialog.ts";
import type { LegHandlers } from "./leg.ts";
import type { SipMessage } from "./message.ts";
import type { SessionTimes } from "./session-expires.ts";

/** The attempt to make a call, as one of its early legs sees it. */
export interface Setup {
  /** Our owner does not want it any more: CANCEL, or a refusal. */
  abandon(reason?: string): void;
  /** The peer left the early dialog, or it is lost. */
  left(): void;
}

export interface InviteLegOptions {
  readonly core: Core;
  readonly dialog: Dialog;
  readonly caller: boolean;
  /** The message that tells what the peer supports: its INVITE or its first response. */
  readonly heard: SipMessage;
  readonly agreement: Agreement;
  readonly times: SessionTimes;
  readonly setup: Setup;
  readonly handlers: LegHandlers | undefined;
}
