/** What a phone tells of its call after it was told to dial, and whether that is the call we asked for. */

import type { PhoneCall, PhoneCallState } from "./dialect.ts";

/** One thing that happened to a call of the phone. */
export interface Report {
  readonly state: PhoneCallState;
  /** The call's name on the phone, when it says one. */
  readonly call?: string;
}

/** Where the reports of one phone come from. */
export interface ReportSource {
  /** Returns how to stop. */
  follow(onReport: (report: Report) => void, onLost: () => void): () => void;
}

const RINGING_MS = 1000;
const TALKING_MS = 2000;
/** Questions without an answer before the phone counts as gone. */
const MOST_FAILURES = 3;
/** Lists without our call after which it counts as over before anybody saw it: busy, or declined at once. */
const MOST_EMPTY = 3;

/** Asks the phone for its calls again and again, while somebody follows. `ask` rejects when the phone is not there. */
export function polling(
  ask: () => Promise<readonly PhoneCall[]>,
  remote: string,
  everyMs?: number,
): ReportSource {
  return { follow: (onReport, onLost) => new Poll({ ask, remote, everyMs, onReport, onLost }).stop };
}

interface PollOptions {
  readonly ask: () => Promise<readonly PhoneCall[]>;
  readonly remote: string;
  readonly everyMs: number | undefined;
  readonly onReport: (report: Report) => void;
  readonly onLost: () => void;
}

class Poll {
  readonly #options: PollOptions;
  #ref: string | undefined;
  #told: PhoneCallState | undefined;
  #failures = 0;
  #empty = 0;
  #stopped = false;
  #clock: NodeJS.Timeout | undefined;

  constructor(options: PollOptions) {
    this.#options = options;
    this.#next();
  }

  readonly stop = (): void => {
    this.#stopped = true;
    clearTimeout(this.#clock);
  };

  #next(): void {
    if (this.#stopped) return;
    const everyMs = this.#options.everyMs ?? (this.#told === "established" ? TALKING_MS : RINGING_MS);
    this.#clock = setTimeout(() => void this.#ask(), everyMs);
  }

  async #ask(): Promise<void> {
    try {
      const calls = await this.#options.ask();
      this.#failures = 0;
      if (!this.#stopped) this.#look(calls);
    } catch {
      this.#failures += 1;
      if (this.#failures >= MOST_FAILURES && !this.#stopped) {
        this.stop();
        this.#options.onLost();
      }
    }
    this.#next();
  }

  #look(calls: readonly PhoneCall[]): void {
    const call =
      this.#ref === undefined
        ? ourCall(calls, this.#options.remote)
        : calls.find(({ ref }) => ref === this.#ref);
    if (!call && this.#told === undefined) {
      this.#empty += 1;
      if (this.#empty < MOST_EMPTY) return;
    }
    const state = call?.state ?? "ended";
    this.#ref = call?.ref ?? this.#ref;
    if (state === this.#told) return;
    this.#told = state;
    this.#options.onReport({ state, ...(this.#ref !== undefined && { call: this.#ref }) });
  }
}

/** The call to this number among those the phone has; the only one that did not come in when none says so. */
export function ourCall(calls: readonly PhoneCall[], remote: string): PhoneCall | undefined {
  const open = calls.filter(({ state }) => state !== "incoming" && state !== "ended");
  const user = remote.split("@")[0] ?? remote;
  return (
    open.find((call) => user !== "" && call.remote.includes(user)) ??
    (open.length === 1 ? open[0] : undefined)
  );
}
