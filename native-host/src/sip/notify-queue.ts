/** The NOTIFYs of one subscription: one on its way, the newest waiting, none too soon (RFC 6665 §4.2.2, RFC 6446 §5). */
import { type Body, seconds } from "./header-values.ts";
import { Machine, type Table } from "./machine.ts";
import { type SipResponse, textHeader } from "./message.ts";

type State = "idle" | "sending" | "resting" | "stopped";
type Event = "sent" | "answered" | "rest" | "rested" | "stop";

/**
 *     idle ──sent──▶ sending ──answered──▶ idle
 *       ▲               └──rest──▶ resting ──┐
 *       └────────────── rested ──────────────┘
 */
const states = (restMs: () => number): Table<State, Event> => ({
  idle: { on: { sent: "sending", stop: "stopped" } },
  sending: { on: { answered: "idle", rest: "resting", stop: "stopped" } },
  resting: {
    on: { rested: "idle", stop: "stopped" },
    after: { ms: () => restMs(), event: "rested" },
  },
  stopped: { on: {} },
});

export interface Told {
  readonly body: Body | undefined;
  /** Subscription-State of the last NOTIFY; undefined as long as the subscription is active. */
  readonly last?: string;
}

export interface QueueOptions {
  /** The pause between two NOTIFYs that the subscriber asked for, milliseconds; 0 for none. */
  paceMs(): number;
  send(told: Told): Promise<SipResponse>;
  /** The subscriber refused a NOTIFY; returns whether the subscription goes on. */
  onRefused(status: number): boolean;
}

interface Waiting extends Told {
  readonly answered: PromiseWithResolvers<void>;
}

export class NotifyQueue {
  readonly #options: QueueOptions;
  readonly #machine: Machine<State, Event>;
  #waiting: Waiting | undefined;
  #restMs = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#machine = new Machine(
      states(() => this.#restMs),
      "idle",
      (state) => state === "idle" && this.#next(),
    );
  }

  /** Takes the place of what still waits, whose promise it fulfils too; `urgent` waits for no pace. */
  push(told: Told, urgent = false): Promise<void> {
    if (this.#machine.state === "stopped") return Promise.resolve();
    const { body = told.body, answered = Promise.withResolvers<void>() } = this.#waiting ?? {};
    this.#waiting = { ...told, body: told.body ?? body, answered };
    if (urgent) this.#machine.send("rested");
    this.#next();
    return answered.promise;
  }

  /** Drops what waits; nothing is sent any more. */
  stop(): void {
    this.#machine.send("stop");
    this.#waiting?.answered.resolve();
    this.#waiting = undefined;
  }

  #next(): void {
    const next = this.#waiting;
    if (!next || !this.#machine.send("sent")) return;
    this.#waiting = undefined;
    void this.#options.send(next).then((response) => this.#answered(next, response));
  }

  #answered(sent: Waiting, response: SipResponse): void {
    const retryAfterS = response.status < 300 ? undefined : seconds(textHeader(response, "retry-after"));
    const again = retryAfterS !== undefined && sent.last === undefined && response.status !== 481;
    if (again && this.#machine.state === "sending") this.#waiting ??= sent;
    if (this.#waiting !== sent) sent.answered.resolve();
    const over = sent.last !== undefined;
    if (over || (response.status >= 300 && !again && !this.#options.onRefused(response.status))) this.stop();
    this.#restMs = again ? 1000 * retryAfterS : this.#options.paceMs();
    this.#machine.send(this.#restMs > 0 ? "rest" : "answered");
  }
}
