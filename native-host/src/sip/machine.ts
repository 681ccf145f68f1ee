/** Walks a state table: state -> event -> state, each state with the clocks that run only while we are in it. */

export interface Clock<Event extends string> {
  /** A function is asked when the clock starts. */
  readonly ms: number | (() => number);
  readonly event: Event;
  /** So long that nobody waits for it: it does not keep the process alive. */
  readonly idle?: true;
}

/** `keeps` lets the pause of the state before end first, if it had one. */
export interface Repetition<Event extends string> extends Clock<Event> {
  readonly ms: number;
  readonly capMs: number;
  readonly keeps?: boolean;
}

/** One state: where each event leads, and its clocks. For a clock, "same" lets that of the state before run on. */
export interface Row<State extends string, Event extends string> {
  readonly on: { readonly [E in Event]?: State };
  /** Sends its event once. */
  readonly after?: Clock<Event> | "same";
  /** Sends its event again and again, each pause twice the one before, up to `capMs`. */
  readonly again?: Repetition<Event> | "same";
  /** An event that winds `after` anew although the state stays. */
  readonly rewind?: Event;
}

export type Table<State extends string, Event extends string> = Readonly<Record<State, Row<State, Event>>>;

type Entered<State extends string, Event extends string> = (state: State, event: Event) => void;

/** Entering a state starts its clocks, leaving it stops them, staying lets them run. */
export class Machine<State extends string, Event extends string> {
  readonly #table: Table<State, Event>;
  #entered: Entered<State, Event>;
  #state: State;
  #clock: Clock<Event> | undefined;
  #after: NodeJS.Timeout | undefined;
  #repetition: Repetition<Event> | undefined;
  #again: NodeJS.Timeout | undefined;

  constructor(table: Table<State, Event>, start: State, entered: Entered<State, Event>) {
    this.#table = table;
    this.#entered = entered;
    this.#state = start;
    this.#startClocks();
  }

  get state(): State {
    return this.#state;
  }

  /** From now on another one hears of what is entered; the clocks run on. */
  handTo(entered: Entered<State, Event>): void {
    this.#entered = entered;
  }

  /** Returns whether the event meant anything in this state; a stray one is the caller's to log. */
  send(event: Event): boolean {
    const row = this.#table[this.#state];
    const next = row.on[event];
    if (next === undefined) return false;
    if (next !== this.#state) {
      this.#state = next;
      this.#startClocks();
    } else if (row.rewind === event) {
      this.#startAfter();
    }
    this.#entered(next, event);
    return true;
  }

  #startClocks(): void {
    const { after, again } = this.#table[this.#state];
    if (after !== "same") this.#startAfter();
    if (again === "same" || (again?.keeps && this.#again)) return;
    clearTimeout(this.#again);
    this.#again = undefined;
    if (again) this.#repeat(again, again.ms);
  }

  #startAfter(): void {
    const { after } = this.#table[this.#state];
    clearTimeout(this.#after);
    this.#after = undefined;
    if (!after || after === "same") return;
    this.#clock = after;
    this.#after = setTimeout(ring, typeof after.ms === "number" ? after.ms : after.ms(), this);
    if (after.idle) this.#after.unref();
  }

  /** The time is up; only its own clock calls this. */
  ring(): void {
    if (this.#clock) this.send(this.#clock.event);
  }

  #repeat(clock: Repetition<Event>, ms: number): void {
    this.#repetition = clock;
    this.#again = setTimeout(ringAgain, ms, this, ms);
  }

  /** A pause of `ms` is over; only its own clock calls this. */
  ringAgain(ms: number): void {
    const clock = this.#repetition;
    if (!clock) return;
    const { again } = this.#table[this.#state];
    if (again && again !== "same" && again !== clock) this.#repeat(again, again.ms);
    else this.#repeat(clock, Math.min(2 * ms, clock.capMs));
    this.send(clock.event);
  }
}

/** One function for all clocks: a closure for each would be kept as long as its transaction. */
function ring(machine: { ring(): void }): void {
  machine.ring();
}

function ringAgain(machine: { ringAgain(ms: number): void }, ms: number): void {
  machine.ringAgain(ms);
}
