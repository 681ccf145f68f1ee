/** The last events of one subscription, so that who missed some of them need not begin again. */
import type { ServiceEvent } from "./call-control.ts";

const MOST_EVENTS = 1000;

/** Events with the number they were sent under; those without were not sent yet, and are newer than all others. */
export class History {
  #entries: { readonly seq: number | undefined; readonly event: ServiceEvent }[] = [];
  /** Everything up to here may be missing. */
  #forgotten = 0;

  add(event: ServiceEvent, seq: number | undefined): void {
    this.#entries.push({ seq, event });
    if (this.#entries.length <= MOST_EVENTS) return;
    this.#forgotten = this.#entries.shift()?.seq ?? Number.POSITIVE_INFINITY;
  }

  /** What came after the event of that number; undefined when not all of it is known any more. */
  after(seq: number): readonly ServiceEvent[] | undefined {
    if (seq < this.#forgotten) return undefined;
    return this.#entries
      .filter((entry) => entry.seq === undefined || entry.seq > seq)
      .map(({ event }) => event);
  }

  /** What came later is sent again, under new numbers. */
  forget(seq: number): void {
    this.#forgotten = seq;
    this.#entries = [];
  }
}
