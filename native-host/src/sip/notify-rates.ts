/** How often one subscriber hears from us: what it asked for, as far as we grant it (RFC 6446). */
import type { EventHeader } from "./event-header.ts";
import { Machine, type Table } from "./machine.ts";

/** NOTIFYs in a second; undefined: nothing was asked for, or nothing is promised. */
export interface Rates {
  readonly max: number | undefined;
  readonly min: number | undefined;
  readonly adaptiveMin: number | undefined;
}

export interface RateLimits {
  /** The owner sends no more than this, whatever the subscriber asks for. */
  readonly most: number | undefined;
  /** Whether the owner has something to say when nothing has changed. */
  readonly repeats: boolean;
  /** What is left of the subscription, seconds. */
  readonly leftS: number;
}

/** Nobody is told more often than this that nothing has changed, NOTIFYs in a second (§6.3, §7.3). */
const MOST_REPEATS = 1;

/** No pace a subscriber asks for is slower, milliseconds. */
const SLOWEST_MS = 3_600_000;

/** The average of the adaptive rate is over so many of its intervals (§7.4), and counts at most so many NOTIFYs. */
const INTERVALS = 10;
const MOST_COUNTED = 100;

/** What we agree to of what a SUBSCRIBE, or a 2xx to a NOTIFY, asks for (§5.3, §6.3, §7.3, §8). */
export function agreed(event: EventHeader, { most, repeats, leftS }: RateLimits): Rates {
  const { maxRate, minRate, adaptiveMinRate } = event;
  const slow = leftS > 0 ? 1 / leftS : 0;
  const max = maxRate && Math.max(Math.min(maxRate, most ?? maxRate), slow);
  const ceiling = Math.min(max ?? most ?? MOST_REPEATS, MOST_REPEATS);
  const atMost = (rate: number | undefined) => (repeats && rate ? Math.min(rate, ceiling) : undefined);
  const adaptiveMin = atMost(adaptiveMinRate);
  const ignored = adaptiveMinRate !== undefined && minRate !== undefined && minRate >= adaptiveMinRate;
  return { max, min: ignored ? undefined : atMost(minRate), adaptiveMin };
}

/** As parameters of Subscription-State. */
export function formatRates({ max, min, adaptiveMin }: Rates): string {
  return (
    parameter("max-rate", max) + parameter("min-rate", min) + parameter("adaptive-min-rate", adaptiveMin)
  );
}

/** The pause from one NOTIFY to the next, milliseconds. */
export function paceOf({ max }: Rates, most: number | undefined): number {
  const rate = max ?? most;
  return rate === undefined ? 0 : Math.min(1000 / rate, SLOWEST_MS);
}

function parameter(name: string, rate: number | undefined): string {
  // At most ten decimals (§9.2), and no exponent.
  return rate === undefined
    ? ""
    : `;${name}=${Number(rate.toFixed(10))
        .toFixed(10)
        .replace(/\.?0+$/, "")}`;
}

type Beat = "still" | "wound";
type BeatEvent = "wind" | "due" | "stop";

const beats = (ms: () => number): Table<Beat, BeatEvent> => ({
  still: { on: { wind: "wound" } },
  wound: {
    on: { wind: "wound", due: "still", stop: "still" },
    after: { ms, event: "due", idle: true },
    rewind: "wind",
  },
});

/** Says when a subscriber has to hear from us although nothing may have changed (§6.2, §7.2). */
export class Heartbeat {
  readonly #onDue: () => void;
  /** Few subscribers ask for one. */
  #machine: Machine<Beat, BeatEvent> | undefined;
  #sent: number[] = [];
  #average: number | undefined;
  #ms = 0;

  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** A NOTIFY goes out under these rates: the time to the next begins. */
  sent({ max, min, adaptiveMin }: Rates): void {
    const longestS = min === undefined ? Number.POSITIVE_INFINITY : 1 / min;
    const adaptiveS = adaptiveMin === undefined ? longestS : this.#adaptive(adaptiveMin, max);
    const ms = 1000 * Math.min(longestS, adaptiveS);
    if (ms === Number.POSITIVE_INFINITY) {
      this.stop();
      return;
    }
    this.#ms = Math.min(ms, SLOWEST_MS);
    this.#machine ??= new Machine(
      beats(() => this.#ms),
      "still",
      (_state, event) => event === "due" && this.#onDue(),
    );
    this.#machine.send("wind");
  }

  stop(): void {
    this.#machine?.send("stop");
  }

  /** Equations (1) and (2) of §7.4, in seconds. */
  #adaptive(rate: number, max: number | undefined): number {
    const periodS = INTERVALS / rate;
    const nowS = performance.now() / 1000;
    if (this.#average !== rate) this.#sent = history(nowS, rate);
    this.#average = rate;
    this.#sent = [...this.#sent.filter((atS) => nowS - atS < periodS), nowS].slice(-MOST_COUNTED);
    return Math.max(1 / (max ?? Number.POSITIVE_INFINITY), this.#sent.length / (rate ** 2 * periodS));
  }
}

/** As if the average had been kept before the first NOTIFY (§7.2). */
function history(nowS: number, rate: number): number[] {
  return Array.from({ length: INTERVALS - 1 }, (_, i) => nowS - (INTERVALS - 1 - i) / rate);
}
