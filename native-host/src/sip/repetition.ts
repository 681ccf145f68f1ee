/** A response of ours that is sent again until the peer says that it came (RFC 3261 §13.3.1.4, RFC 3262 §3). */
import { Waiting } from "./forgetful.ts";
import { Machine, type Table } from "./machine.ts";
import { Once } from "./once.ts";
import type { Timers } from "./timers.ts";

type State = "sent" | "heard" | "lost" | "stopped";
type Event = "again" | "confirmed" | "give-up" | "stop";

const tables = new Map<string, Table<State, Event>>();

/** One for all that repeat at the same pace. */
function statesFor(t1: number, capMs: number): Table<State, Event> {
  const pace = `${t1} ${capMs}`;
  const known = tables.get(pace) ?? states(t1, capMs);
  tables.set(pace, known);
  return known;
}

const states = (t1: number, capMs: number): Table<State, Event> => ({
  sent: {
    on: { again: "sent", confirmed: "heard", "give-up": "lost", stop: "stopped" },
    again: { ms: t1, event: "again", capMs },
    after: { ms: 64 * t1, event: "give-up" },
  },
  heard: { on: {} },
  lost: { on: {} },
  stopped: { on: {} },
});

export interface RepetitionOptions {
  readonly timers: Timers;
  /** The longest pause between two copies, milliseconds. */
  readonly capMs: number;
  readonly again: () => void;
  /** Nothing came for 64*T1. */
  readonly onLost: () => void;
  /** There is nothing more to wait for; comes before `onLost`. */
  readonly onSettled?: () => void;
}

export class Repetition extends Waiting {
  readonly #options: RepetitionOptions;
  readonly #machine: Machine<State, Event>;
  readonly #settled = new Once();

  /** The first copy has gone out. */
  constructor(options: RepetitionOptions) {
    super();
    this.#options = options;
    const table = statesFor(options.timers.t1, options.capMs);
    this.#machine = new Machine(table, "sent", (state) => this.#entered(state));
  }

  /** Resolves when there is nothing more to wait for: it was confirmed, never confirmed, or stopped. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** Nobody can wait for the peer any longer: it counts as lost. */
  giveUp(): void {
    this.#machine.send("give-up");
  }

  /** Whether this was news. */
  confirm(): boolean {
    return this.#machine.send("confirmed");
  }

  stop(): void {
    this.#machine.send("stop");
  }

  #entered(state: State): void {
    const { again, onSettled, onLost } = this.#options;
    if (state === "sent") {
      again();
      return;
    }
    this.#settled.happen();
    onSettled?.();
    if (state === "lost") onLost();
  }
}
