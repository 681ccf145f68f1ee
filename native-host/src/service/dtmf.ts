/** Digits to the far end: as events in our stream (RFC 4733), or by INFO where the media run past us. */

import { ServiceError } from "../errors.ts";
import { eventOf, LONGEST_KEY_MS } from "../rtp/telephone-event.ts";
import type { Tones } from "./call.ts";
import type { FarEnd } from "./far-end.ts";
import { pause } from "./pause.ts";

const USUAL_MS = 100;
/** Shorter ones are no digits to many a receiver (ITU-T Q.24). */
const SHORTEST_MS = 40;
/** Between two digits. */
const GAP_MS = 60;
const COMMA_MS = 1000;

/** Resolves when the last digit is over. Throws ServiceError, `cancelled` when the signal aborts. */
export async function playDigits(far: () => FarEnd | undefined, tones: Tones): Promise<void> {
  const { digits, signal } = tones;
  const durationMs = Math.min(LONGEST_KEY_MS, Math.max(SHORTEST_MS, tones.durationMs ?? USUAL_MS));
  const first = far();
  for (const [index, digit] of [...digits].entries()) {
    if (index > 0) await pause(GAP_MS, signal);
    checkGoesOn(far() !== undefined && far()?.leg === first?.leg, signal);
    if (digit === ",") await pause(COMMA_MS, signal);
    else if (first) await play(far() ?? first, digit, { durationMs, signal });
  }
  checkGoesOn(true, signal);
}

function checkGoesOn(sameFarEnd: boolean, signal: AbortSignal): void {
  if (signal.aborted) throw new ServiceError("cancelled", []);
  if (!sameFarEnd) throw new ServiceError("wrong-state", ["the far end is another one now"]);
}

async function play(
  far: FarEnd,
  digit: string,
  how: { durationMs: number; signal: AbortSignal },
): Promise<void> {
  const event = eventOf(digit);
  if (event === undefined) throw new ServiceError("bad-request", [`"${digit}" is no digit`]);
  if (far.media.press) await far.media.press({ event, ...how });
  else {
    await inform(far, digit.toUpperCase(), how.durationMs);
    await pause(how.durationMs, how.signal);
  }
}

/** What phones agreed on before RFC 6086, and still understand. */
async function inform({ leg, target }: FarEnd, digit: string, durationMs: number): Promise<void> {
  const content = `Signal=${digit}\r\nDuration=${durationMs}\r\n`;
  const { status, reason } = await leg.request("INFO", { type: "application/dtmf-relay", content });
  if (status >= 300) {
    throw new ServiceError("device-unsupported", [target, "take digits by INFO"], { sip: status, reason });
  }
}
