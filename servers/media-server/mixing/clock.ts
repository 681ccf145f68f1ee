/** The 20 ms clock: no drift, and ticks that were missed are skipped and counted, never replayed. */

export const TICK_MS = 20;

export interface ClockCounters {
  ticks: number;
  /** Ticks that began more than half a period after their time. */
  late: number;
  /** Ticks that never were, because the one before took their time or the machine stood still. */
  skipped: number;
}

/** What the clock needs of the machine: monotonic milliseconds, and a call at a later time. */
export interface Time {
  now(): number;
  /** Returns how to call it off. */
  after(ms: number, call: () => void): () => void;
}

export const systemTime: Time = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

export class Clock {
  readonly counters: ClockCounters = { ticks: 0, late: 0, skipped: 0 };
  readonly #time: Time;
  readonly #tick: () => void;
  readonly #turn = () => this.#run();
  #due = 0;
  #stop: (() => void) | undefined;

  /** It stands until it is started. */
  constructor(tick: () => void, time: Time = systemTime) {
    this.#tick = tick;
    this.#time = time;
  }

  /** The next tick comes a period from now, unless it runs already. */
  start(): void {
    if (this.#stop) return;
    this.#due = this.#time.now() + TICK_MS;
    this.#stop = this.#time.after(TICK_MS, this.#turn);
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #run(): void {
    const behindMs = this.#time.now() - this.#due;
    const missed = Math.max(0, Math.floor(behindMs / TICK_MS));
    this.counters.ticks++;
    this.counters.skipped += missed;
    if (behindMs > TICK_MS / 2) this.counters.late++;
    this.#due += (missed + 1) * TICK_MS;
    // The next tick is set first, so that one that throws does not end the clock.
    this.#stop = this.#time.after(Math.max(0, this.#due - this.#time.now()), this.#turn);
    this.#tick();
  }
}
