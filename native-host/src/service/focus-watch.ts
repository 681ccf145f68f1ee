/**
 * Whether the focus of a call still knows us: a conference server that dies says no goodbye, and its mixer may go on
 * without it. It is asked by OPTIONS in the dialog of the call (RFC 3261 §11), which changes nothing, unless it speaks by
 * itself: a NOTIFY of its roster, which ends with our call (RFC 4575), says the same.
 */

import type { Leg } from "../sip/leg.ts";
import { pause } from "./pause.ts";

/** How often it is asked, milliseconds; a tenth more or less, so that a full conference does not ask at once. */
const ASK_EVERY_MS = 2000;
/** What is not answered by then is asked once more, and given up after as long again: over UDP five packets are sent meanwhile. */
const ANSWER_WITHIN_MS = 1000;
/** A server may be short of breath once; one that says 503 again is not there, or its connection is not. */
const BUSY_AT_MOST = 2;

const UNAVAILABLE = 503;

/** What is called when a focus speaks by itself, by the leg to it. */
const LISTENERS = new WeakMap<Leg, () => void>();

/** The focus of this leg has just spoken of our call, without being asked. */
export function heardFrom(leg: Leg): void {
  LISTENERS.get(leg)?.();
}

export class FocusWatch {
  /** Stops what watches the leg before. */
  #stop: () => void = () => undefined;

  /** Watches this leg, and no other; `onGone` is called once, when its focus is gone and has not ended the leg. */
  watch(leg: Leg, onGone: () => void): void {
    this.stop();
    const over = new AbortController();
    this.#stop = () => over.abort();
    void untilGone(leg, over.signal).then((gone) => gone && !over.signal.aborted && onGone());
  }

  stop(): void {
    this.#stop();
  }
}

/** Resolves with true when nobody answers any more, with false when the leg ended or `signal` is aborted. */
async function untilGone(leg: Leg, signal: AbortSignal): Promise<boolean> {
  for (let busy = 0; busy < BUSY_AT_MOST; ) {
    await quiet(leg, ASK_EVERY_MS * (0.9 + 0.2 * Math.random()), signal);
    if (signal.aborted || leg.state === "ended") return false;
    const status = await asked(leg);
    if (status === undefined) return true;
    busy = status === UNAVAILABLE ? busy + 1 : 0;
  }
  return true;
}

/** Resolves when the focus has said nothing for so long, or `signal` is aborted. */
async function quiet(leg: Leg, ms: number, signal: AbortSignal): Promise<void> {
  let heard = true;
  while (heard && !signal.aborted) {
    heard = false;
    const spoke = new AbortController();
    LISTENERS.set(leg, () => {
      heard = true;
      spoke.abort();
    });
    await pause(ms, AbortSignal.any([signal, spoke.signal]));
  }
  LISTENERS.delete(leg);
}

/** What it answers to either question; undefined for nothing at all. A 408 or 481 has ended the leg (RFC 5057 §5.1). */
async function asked(leg: Leg): Promise<number | undefined> {
  const over = new AbortController();
  const silence = () => pause(ANSWER_WITHIN_MS, over.signal).then(() => undefined);
  const first = ask(leg);
  try {
    return (await Promise.race([first, silence()])) ?? (await Promise.race([first, ask(leg), silence()]));
  } finally {
    over.abort();
  }
}

function ask(leg: Leg): Promise<number> {
  return leg.request("OPTIONS").then(
    ({ status }) => status,
    () => UNAVAILABLE,
  );
}
