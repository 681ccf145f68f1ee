/** Key presses as events in an RTP stream, made by ourselves (RFC 4733 §2). */

/** `0-9`, `*`, `#`, `A-D` are the events 0 to 15 (§3.2). */
const KEYS = "0123456789*#ABCD";
const EVERY_MS = 20;
const SAMPLES_PER_MS = 8;
/** The end of an event is said three times, for it must not be lost (§2.5.1.4). */
const END_REPORTS = 3;
/** Power level of the tone it stands for, -10 dBm0. */
const VOLUME = 10;
const END = 0x80;

/** The duration of a report has 16 bits: 8.19 s at 8000 samples a second (§2.5.1.3). */
export const LONGEST_KEY_MS = 8000;

export interface KeyPress {
  /** 0 to 15. */
  readonly event: number;
  /** At most LONGEST_KEY_MS. */
  readonly durationMs: number;
  /** Releases the key early. */
  readonly signal: AbortSignal;
}

/** The event of a key, undefined for what is none. */
export function eventOf(key: string): number | undefined {
  const event = KEYS.indexOf(key.toUpperCase());
  return key.length === 1 && event >= 0 ? event : undefined;
}

/** One report: event, end and volume, duration in samples (§2.3). */
export function eventReport(event: number, samples: number, end: boolean): Buffer {
  const report = Buffer.alloc(4);
  report[0] = event;
  report[1] = (end ? END : 0) | VOLUME;
  report.writeUInt16BE(Math.min(samples, 0xffff), 2);
  return report;
}

/** Sends a report each 20 ms while the key is down, then its end three times; resolves with the last one sent. */
export function pressKey(
  { event, durationMs, signal }: KeyPress,
  send: (report: Buffer, first: boolean) => void,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let heldMs = 0;
  let endReports = 0;
  const tick = () => {
    const first = heldMs === 0;
    if (endReports === 0) heldMs = Math.min(heldMs + EVERY_MS, durationMs);
    if (signal.aborted || heldMs >= durationMs) endReports += 1;
    send(eventReport(event, heldMs * SAMPLES_PER_MS, endReports > 0), first);
    if (endReports < END_REPORTS) return;
    clearInterval(clock);
    resolve();
  };
  const clock = setInterval(tick, EVERY_MS);
  return promise;
}
