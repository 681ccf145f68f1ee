/** A 2xx of ours to an INVITE, sent again until its ACK comes (RFC 3261 §13.3.1.4). */
import type { Core } from "./core.ts";
import { Machine, type Table } from "./machine.ts";
import type { SipResponse } from "./message.ts";
import type { Timers } from "./timers.ts";

type State = "sent" | "acknowledged" | "lost" | "stopped";
type Event = "again" | "ack" | "give-up" | "stop";

const states = ({ t1, t2 }: Timers): Table<State, Event> => ({
  sent: {
    on: { again: "sent", ack: "acknowledged", "give-up": "lost", stop: "stopped" },
    again: { ms: t1, event: "again", capMs: t2 },
    after: { ms: 64 * t1, event: "give-up" },
  },
  acknowledged: { on: {} },
  lost: { on: {} },
  stopped: { on: {} },
});

export class Accepted {
  /** Resolves when there is nothing more to wait for: the ACK came, never came, or the leg ended. */
  readonly settled: Promise<void>;
  readonly #seq: number;
  readonly #machine: Machine<State, Event>;

  constructor(core: Core, response: SipResponse, onLost: () => void) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.#seq = response.headers.cseq.seq;
    this.#machine = new Machine(states(core.timers), "sent", (state) => {
      if (state === "sent") core.stack.sendStateless(response);
      else resolve();
      if (state === "lost") onLost();
    });
  }

  /** Whether this ACK is for our response; a repeated one is not news. */
  acknowledge(seq: number): boolean {
    return seq === this.#seq && this.#machine.send("ack");
  }

  stop(): void {
    this.#machine.send("stop");
  }
}
