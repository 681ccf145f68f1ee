/** Whether a mixer lives: it is asked by OPTIONS, in the oldest of its legs, which one that was started anew does not know (RFC 3261 §11, §12.2.2). */

import type { Leg } from "#sip/leg.ts";
import type { SipResponse, SipUri } from "#sip/message.ts";
import { isMadeUp } from "#sip/response.ts";

/** How the health of mixers is watched; all in milliseconds. */
export interface HealthTimes {
  /** From one answer to the next question. */
  readonly everyMs: number;
  /** The same while it is down, and twice as long for an answer. */
  readonly whileDownMs: number;
  /** Who says nothing for so long is down; it holds three copies of a question (T1 0.5 s, RFC 3261 §17.1.2). */
  readonly patienceMs: number;
}

export const HEALTH_TIMES: HealthTimes = { everyMs: 1_000, whileDownMs: 250, patienceMs: 1_750 };

export interface HealthOptions {
  readonly uri: SipUri;
  readonly times: HealthTimes;
  /** Its legs, the oldest first. */
  legs(): Iterable<Leg>;
  /** OPTIONS outside a dialog; never rejects. */
  ask(uri: SipUri): Promise<SipResponse>;
  onDown(): void;
  onUp(): void;
}

/** A mixer counts as up until it has not answered. */
export class MixerHealth {
  readonly #options: HealthOptions;
  #up = true;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#wait(options.times.everyMs);
  }

  get up(): boolean {
    return this.#up;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #wait(ms: number): void {
    if (!this.#closed) this.#timer = setTimeout(() => void this.#probe(), ms).unref();
  }

  async #probe(): Promise<void> {
    const { times, onDown, onUp } = this.#options;
    const lives = await this.#answers();
    if (this.#closed) return;
    const was = this.#up;
    this.#up = lives;
    if (was && !lives) onDown();
    if (!was && lives) onUp();
    this.#wait(lives ? times.everyMs : times.whileDownMs);
  }

  async #answers(): Promise<boolean> {
    const { uri, times, legs, ask } = this.#options;
    const [oldest] = legs();
    const asked = this.#up && oldest ? oldest.request("OPTIONS") : ask(uri);
    const status = await withinReason(asked, this.#up ? times.patienceMs : 2 * times.whileDownMs);
    // It lives and does not know the leg, which ends by that: the others may be unknown to it too.
    if (status === 481) for (const leg of legs()) void leg.request("OPTIONS");
    return status !== undefined;
  }
}

/** The status somebody answered with, undefined when nobody did; a moment in which this process stood still does not count. */
async function withinReason(asked: Promise<SipResponse>, patienceMs: number): Promise<number | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  // What has come by then is read first.
  const timer = setTimeout(() => setImmediate(() => resolve(undefined)), patienceMs);
  const response = await Promise.race([asked, late]);
  clearTimeout(timer);
  return response === undefined || isSilence(response) ? undefined : response.status;
}

function isSilence(response: SipResponse): boolean {
  return isMadeUp(response) && response.status !== 481;
}
