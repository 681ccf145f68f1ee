/** Keeps one session alive, or notices that it is dead: refreshes by either end, and their absence (RFC 4028 §10). */
import { Machine, type Table } from "./machine.ts";
import type { SipMessage, SipRequest, SipResponse } from "./message.ts";
import { asks, grantFor, knowsTimer, minSe, type SessionTimes, sessionExpires } from "./session-expires.ts";

type State = "ours" | "due" | "theirs" | "dead";
type Event = "refresh" | "expire" | "stop";

/** No peer makes us refresh more often than the shortest interval we allow, or this, seconds. */
const TIGHTEST_S = 10;

/** How long before the end of the interval the session is given up: a third of it, 32 s at most (RFC 4028 §10). */
function graceMs(intervalMs: number): number {
  return Math.min(32_000, intervalMs / 3);
}

/**
 *     ours ──half time──▶ due        theirs ──no refresh──▶ dead ◀──no 2xx── due        any ──2xx──▶ a machine anew
 */
function states(intervalMs: number): Table<State, Event> {
  const halfMs = intervalMs / 2;
  return {
    ours: { on: { refresh: "due", stop: "dead" }, after: { ms: halfMs, event: "refresh", idle: true } },
    due: {
      on: { expire: "dead", stop: "dead" },
      after: { ms: halfMs - graceMs(intervalMs), event: "expire", idle: true },
    },
    theirs: {
      on: { expire: "dead", stop: "dead" },
      after: { ms: intervalMs - graceMs(intervalMs), event: "expire", idle: true },
    },
    dead: { on: {} },
  };
}

export interface SessionTimerOptions {
  readonly times: SessionTimes;
  /** It is our turn to refresh. */
  readonly onDue: () => void;
  /** Nobody refreshed in time. */
  readonly onExpired: () => void;
}

export class SessionTimer {
  readonly #options: SessionTimerOptions;
  /** From the 2xx that agreed on an interval to the next. */
  #machine: Machine<State, Event> | undefined;
  #wantedS: number;
  #shortestS: number;
  #intervalS = 0;
  /** The peer knows no timers: that it answers at all is what we want to know. */
  #alone = false;
  #stopped = false;

  constructor(options: SessionTimerOptions) {
    this.#options = options;
    this.#wantedS = options.times.expiresS;
    this.#shortestS = options.times.shortestS;
  }

  /** What an INVITE or UPDATE of ours in the dialog asks for: who refreshes goes on refreshing (§7.4). */
  ask(): Record<string, string> {
    const state = this.#machine?.state ?? "dead";
    if (state === "dead") return asks(this.#wantedS, this.#shortestS);
    return asks(this.#intervalS, this.#shortestS, state === "theirs" ? "uas" : "uac");
  }

  /** The peer's 2xx to such a request. A peer that knows no timers is asked by us alone whether it lives. */
  heard(response: SipResponse): void {
    const granted = sessionExpires(response);
    this.#alone = !granted && !knowsTimer(response);
    if (granted) this.#run(granted.intervalS, granted.refresher !== "uas");
    else this.#run(this.#alone ? this.#wantedS : 0, true);
  }

  /** The peer refused a refresh of ours, and so is alive. */
  refused(): void {
    if (this.#alone) this.#run(this.#wantedS, true);
  }

  /** Whether a request wants shorter intervals than we allow: then it gets `refusal` with 422. */
  tooBrief(request: SipMessage): boolean {
    const asked = sessionExpires(request);
    return asked !== undefined && asked.intervalS < this.#options.times.shortestS && knowsTimer(request);
  }

  get refusal(): Record<string, string> {
    return { "min-se": `${this.#options.times.shortestS}` };
  }

  /** What our 2xx to such a request says; from now on it holds. */
  grant(request: SipRequest): Record<string, string> {
    const preferred = this.#machine?.state === "theirs" ? "uac" : "uas";
    const grant = grantFor(request, this.#wantedS, preferred);
    this.#run(grant?.intervalS ?? 0, grant?.refresher === "uas");
    return { ...grant?.headers };
  }

  /** A 422: whether asking again for what it says makes sense (§7.3). */
  raise(response: SipResponse): boolean {
    const least = minSe(response);
    if (response.status !== 422 || least <= this.#shortestS) return false;
    this.#shortestS = least;
    this.#wantedS = Math.max(this.#wantedS, least);
    this.#intervalS = Math.max(this.#intervalS, least);
    return true;
  }

  /** The call is over. */
  stop(): void {
    this.#machine?.send("stop");
    this.#stopped = true;
  }

  #run(intervalS: number, ours: boolean): void {
    this.#intervalS = Math.max(intervalS, Math.min(TIGHTEST_S, this.#options.times.shortestS));
    this.#machine?.send("stop");
    this.#machine = undefined;
    if (intervalS === 0 || this.#stopped) return;
    const table = states(1000 * this.#intervalS);
    this.#machine = new Machine(table, ours ? "ours" : "theirs", (_state, event) => {
      if (event === "refresh") this.#options.onDue();
      if (event === "expire") this.#options.onExpired();
    });
  }
}
