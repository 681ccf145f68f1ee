/** The way back into a conference whose server died: it is called until it lives again, or another one in its place. */

import { type ErrorCode, ServiceError } from "../errors.ts";
import { pause } from "./pause.ts";

/** How long it is tried. */
const REJOIN_WITHIN_MS = 90_000;
/** A full conference does not come back in one blow: each waits up to so long before its first call … */
const FIRST_AFTER_MS = 500;
/** … and between half and one and a half of this before any other. */
const AGAIN_AFTER_MS = 1000;
/** What a server asks for by Retry-After is heard up to here. */
const LONGEST_PAUSE_MS = 10_000;

/** Refusals after which another call may do better: nobody there, or not yet; and a switch of the user's own goes first. */
const PASSING: readonly ErrorCode[] = ["no-answer", "unreachable", "superseded"];

/** Calls by `call` until that resolves. Throws its last ServiceError when it is refused for good, or for too long. */
export async function rejoin(call: () => Promise<void>, signal: AbortSignal): Promise<void> {
  let late = false;
  const limit = setTimeout(() => {
    late = true;
  }, REJOIN_WITHIN_MS);
  try {
    await pause(FIRST_AFTER_MS * Math.random(), signal);
    while (!signal.aborted) {
      const waitMs = await tried(call, () => late);
      if (waitMs === undefined) return;
      await pause(waitMs, signal);
    }
    throw new ServiceError("cancelled", []);
  } finally {
    clearTimeout(limit);
  }
}

/** Undefined when it succeeded, else how long to wait before the next try, milliseconds. Throws when there is none. */
async function tried(call: () => Promise<void>, isLate: () => boolean): Promise<number | undefined> {
  try {
    await call();
    return undefined;
  } catch (failed) {
    if (!(failed instanceof ServiceError) || !PASSING.includes(failed.code) || isLate()) throw failed;
    const askedMs = Math.min(LONGEST_PAUSE_MS, 1000 * (failed.retryS ?? 0));
    return Math.max(askedMs, AGAIN_AFTER_MS * (0.5 + Math.random()));
  }
}
