/** Whether and when a subscription that was lost is asked for anew (RFC 6665 §4.1.2, §4.1.3, RFC 5057 §5.1). */
import { type SipResponse, textHeader } from "./message.ts";

/** How a subscription was lost: by the notifier's last NOTIFY (its reason), or by a response (its status). */
export interface Loss {
  readonly reason: string;
  readonly status?: number;
  readonly retryAfterS?: number | undefined;
}

export interface History {
  /** A NOTIFY came once: it did work. */
  readonly established: boolean;
  /** Losses since the last refresh. */
  readonly losses: number;
}

const FIRST_PAUSE_MS = 1000;
const LAST_PAUSE_MS = 60_000;

/** Longer pauses are not believed, milliseconds. */
const LONGEST_PAUSE_MS = 86_400_000;

/** Failures that pass: nobody answered, or not now. */
const PASSING: ReadonlySet<number> = new Set([408, 480, 500, 502, 503, 504]);

/** Reasons after which the notifier wants to hear nothing more (RFC 6665 §4.1.3). */
const FINAL: ReadonlySet<string> = new Set(["rejected", "noresource", "invariant"]);

/** Reasons after which a new SUBSCRIBE is due at once. */
const AT_ONCE: ReadonlySet<string> = new Set(["deactivated", "timeout"]);

export function isPassing(status: number): boolean {
  return PASSING.has(status);
}

/** How long to wait before the next SUBSCRIBE, milliseconds; `undefined` when there shall be none. */
export function pauseAfter(loss: Loss, history: History): number | undefined {
  return loss.status === undefined ? afterNotify(loss, history) : afterResponse(loss.status, loss, history);
}

function afterNotify({ reason, retryAfterS }: Loss, { losses }: History): number | undefined {
  if (FINAL.has(reason)) return undefined;
  if (AT_ONCE.has(reason)) return losses === 0 ? 0 : backOff(losses - 1);
  return retryAfterS === undefined ? backOff(losses) : asked(retryAfterS);
}

/** A first SUBSCRIBE that fails is over unless the peer says when to come again. */
function afterResponse(
  status: number,
  { retryAfterS }: Loss,
  { established, losses }: History,
): number | undefined {
  if (status === 481) return established ? backOff(losses) : undefined;
  if (!isPassing(status)) return undefined;
  if (retryAfterS !== undefined) return asked(retryAfterS);
  return established ? backOff(losses) : undefined;
}

function backOff(losses: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(losses, 10), LAST_PAUSE_MS);
}

function asked(retryAfterS: number): number {
  return Math.min(1000 * Math.max(retryAfterS, 1), LONGEST_PAUSE_MS);
}

/** Retry-After, without its comment and parameters (RFC 3261 §20.33). */
export function retryAfterOf(response: SipResponse): number | undefined {
  const [, digits] = /^\s*(\d{1,9})(?!\d)/.exec(textHeader(response, "retry-after") ?? "") ?? [];
  return digits === undefined ? undefined : Number(digits);
}
