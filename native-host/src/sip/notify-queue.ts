/** The NOTIFYs of one subscription: one on its way, the newest waiting, none too soon (RFC 6665 §4.2.2, RFC 6446 §5). */
import { type Body, seconds } from "./header-values.ts";
import { Machine, type Table } from "./machine.ts";
import { type SipResponse, textHeader } from "./message.ts";

type State = "idle" | "sending" | "slow" | "resting" | "delayed" | "stopped";
type Event = "sent" | "answered" | "free" | "delay" | "rested" | "stop";

/**
 * The pace runs from one NOTIFY to the next, whenever the answer comes; `free` is the answer when no pace counts.
 *
 *     idle ──sent──▶ sending ──answered──▶ resting ──rested──▶ idle
 *       ▲               ├──rested──▶ slow ──answered──▶ idle
 *       └───── free ────┴──delay──▶ delayed ──rested──▶ idle
 */
const states = (paceMs: () => number, delayMs: () => number): Table<State, Event> => ({
  idle: { on: { sent: "sending", stop: "stopped" } },
  sending: {
    on: { answered: "resting", rested: "slow", free: "idle", delay: "delayed", stop: "stopped" },
    after: { ms: paceMs, event: "rested" },
  },
  slow: { on: { answered: "idle", free: "idle", delay: "delayed", stop: "stopped" } },
  resting: { on: { rested: "idle", stop: "stopped" }, after: "same" },
  delayed: { on: { rested: "idle", stop: "stopped" }, after: { ms: delayMs, event: "rested" } },
  stopped: { on: {} },
});

export interface Told {
  readonly body: Body | undefined;
  /** Subscription-State of the last NOTIFY; undefined as long as the subscription is active. */
  readonly last?: string;
}

/** What to say is asked for when it can be said; nothing is sent when there is nothing any more. */
export type Telling = () => Body | undefined;

interface ToTell extends Omit<Told, "body"> {
  readonly body: Body | Telling | undefined;
}

export interface QueueOptions {
  /** The pause between two NOTIFYs that the subscriber asked for, milliseconds; 0 for none. */
  paceMs(): number;
  send(told: Told): Promise<SipResponse>;
  /** The subscriber refused a NOTIFY; returns whether the subscription goes on. */
  onRefused(status: number): boolean;
  /** The subscriber asked for a NOTIFY again later. */
  onPutOff?(): void;
}

interface Waiting extends ToTell {
  /** Waits for no pace, and goes out even with nothing to say. */
  readonly urgent: boolean;
  readonly answered: PromiseWithResolvers<void>;
}

export class NotifyQueue {
  readonly #options: QueueOptions;
  readonly #machine: Machine<State, Event>;
  #waiting: Waiting | undefined;
  #delayMs = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#machine = new Machine(
      states(
        () => options.paceMs(),
        () => this.#delayMs,
      ),
      "idle",
      (state) => state === "idle" && this.#next(),
    );
  }

  /** Takes the place of what still waits, whose promise it fulfils too; `urgent` waits for no pace. */
  push(told: ToTell, urgent = false): Promise<void> {
    if (this.#machine.state === "stopped") return Promise.resolve();
    const before = this.#waiting;
    const answered = before?.answered ?? Promise.withResolvers<void>();
    const hurried = urgent || before?.urgent === true;
    this.#waiting = { ...told, body: told.body ?? before?.body, urgent: hurried, answered };
    // The pace is over for this once, also when the answer to the one before is not here yet.
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
    if (this.#machine.state !== "idle") return;
    const next = this.#waiting;
    this.#waiting = undefined;
    if (!next) return;
    const body = typeof next.body === "function" ? next.body() : next.body;
    const said: Waiting & Told = { ...next, body };
    if (typeof next.body === "function" && !body && !next.urgent) {
      next.answered.resolve();
      return;
    }
    this.#machine.send("sent");
    void this.#options.send(said).then((response) => this.#answered(said, response));
  }

  #answered(sent: Waiting, response: SipResponse): void {
    const againAfterS = sent.last === undefined ? putOffS(response) : undefined;
    if (againAfterS !== undefined) this.#putOff(sent);
    if (this.#waiting !== sent) sent.answered.resolve();
    const refused = response.status >= 300 && againAfterS === undefined;
    if (sent.last !== undefined || (refused && !this.#options.onRefused(response.status))) this.stop();
    this.#delayMs = 1000 * (againAfterS ?? 0);
    const free = this.#options.paceMs() === 0 ? "free" : "answered";
    this.#machine.send(againAfterS === undefined ? free : "delay");
  }

  #putOff(sent: Waiting): void {
    this.#options.onPutOff?.();
    if (this.#machine.state !== "stopped") this.#waiting ??= sent;
  }
}

/** Seconds after which the subscriber wants the NOTIFY again. */
function putOffS(response: SipResponse): number | undefined {
  if (response.status < 300 || response.status === 481) return undefined;
  return seconds(textHeader(response, "retry-after"));
}
