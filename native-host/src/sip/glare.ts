/** When an offer that was refused for a moment may be made again (RFC 3261 §14.1, §20.33). */
import { seconds } from "./header-values.ts";
import { textHeader } from "./message.ts";
import { SipError } from "./sip-error.ts";

/** An offer that would have to wait longer is its owner's to repeat, milliseconds. */
const PATIENCE_MS = 10_000;

/**
 * Milliseconds to wait, undefined when trying again makes no sense. After a glare (491) the owner of the Call-ID waits
 * the longer, so that the ends do not collide once more; with 500 and 503 the peer says itself how long.
 */
export function pauseAfter(error: unknown, ownsCallId: boolean): number | undefined {
  if (!(error instanceof SipError)) return undefined;
  if (error.status === 491)
    return 10 * Math.round(ownsCallId ? 210 + Math.random() * 190 : Math.random() * 200);
  if (error.status !== 500 && error.status !== 503) return undefined;
  const asked = error.response && seconds(textHeader(error.response, "retry-after")?.split(/[ ;(]/)[0]);
  return asked === undefined || 1000 * asked > PATIENCE_MS ? undefined : 1000 * asked;
}
