/** A response of ours that is sent again until the peer says that it came (RFC 3261 §13.3.1.4, RFC 3262 §3). */
import { Machine, type Table } from "./machine.ts";
import type { Timers } from "./timers.ts";

type State = "sent" | "heard" | "lost" | "stopped";
type Event = "again" | "confirmed" | "give-up" | "stop";

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

export class Repetition {
  /** Resolves when there is nothing more to wait for: it was confirmed, never confirmed, or stopped. */
  readonly settled: Promise<void>;
  readonly #machine: Machine<State, Event>;

  /** The first copy has gone out. */
  constructor({ timers, capMs, again, onLost, onSettled }: RepetitionOptions) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.#machine = new Machine(states(timers.t1, capMs), "sent", (state) => {
      if (state === "sent") {
        again();
        return;
      }
      resolve();
      onSettled?.();
      if (state === "lost") onLost();
    });
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
}
