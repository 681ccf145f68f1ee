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

/** A timer that is later than this was held up by this process itself, milliseconds. */
const STALL_MS = 500;

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
  #heardAt = 0;
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

  /** It has answered something else. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  async #probe(): Promise<void> {
    const { times, onDown, onUp } = this.#options;
    const askedAt = performance.now();
    const answered = await this.#answers();
    if (this.#closed) return;
    const was = this.#up;
    // One that is busy with our orders may be late with its answer.
    this.#up = answered || this.#heardAt > askedAt;
    if (was && !this.#up) onDown();
    if (!was && this.#up) onUp();
    this.#wait(this.#up ? times.everyMs : times.whileDownMs);
  }

  async #answers(): Promise<boolean> {
    const { uri, times, legs, ask } = this.#options;
    const [oldest] = legs();
    const asked = this.#up && oldest ? oldest.request("OPTIONS") : ask(uri);
    const patienceMs = this.#up ? times.patienceMs : 2 * times.whileDownMs;
    const askedAt = performance.now();
    const status = await within(patienceMs, asked);
    // It lives and does not know the leg, which ends by that: the others may be unknown to it too.
    if (status === 481) for (const leg of legs()) void leg.request("OPTIONS");
    // When this process itself stood still, nobody can say.
    const stoodStill = this.#up && performance.now() - askedAt > patienceMs + STALL_MS;
    return status !== undefined || stoodStill;
  }
}

/** The status somebody answered with, undefined when nobody did. */
async function within(ms: number, asked: Promise<SipResponse>): Promise<number | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  // What has come by then is read first.
  const timer = setTimeout(() => setImmediate(() => resolve(undefined)), ms);
  const response = await Promise.race([asked, late]);
  clearTimeout(timer);
  return response === undefined || isSilence(response) ? undefined : response.status;
}

function isSilence(response: SipResponse): boolean {
  return isMadeUp(response) && response.status !== 481;
}
