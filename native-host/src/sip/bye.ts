/** BYE: the end of a call (RFC 3261 §15). */
import type { Core } from "./core.ts";
import type { Dialog } from "./dialog.ts";
import { oneLine } from "./header-values.ts";

/** Sends it; resolves when it was heard or given up. A peer that is gone keeps it under way for half a minute, and nothing else of the call. */
export async function sayBye(core: Core, dialog: Dialog, reason?: string): Promise<void> {
  const headers = reason === undefined ? {} : { reason };
  await core.exchange(dialog.request("BYE", { headers }), { nextSeq: () => dialog.nextSeq() });
}

/** The Reason of a BYE in words (RFC 3326). */
export function inWords(text: string): string {
  return `SIP;text="${oneLine(text).replace(/["\\]/g, "'")}"`;
}
