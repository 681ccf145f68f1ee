/** Whoever tells the user of calls without being asked, such as the desktop's notifications. */

import type { CallView } from "../api/call-control.ts";

export interface Announcer {
  /** A call comes in; what is shown is withdrawn when it is answered or over, also after the user chose. */
  incoming(call: Announced): { withdraw(): void };
  /** A call came in and nobody answered it, or nobody was to be disturbed. */
  missed(call: CallView): void;
}

export interface Announced {
  readonly view: CallView;
  /** Puts the call through to the one device that is ready, or asks the user which. Rejects with ServiceError. */
  answer(): Promise<void>;
  /** Rejects with ServiceError. */
  decline(): Promise<void>;
}
