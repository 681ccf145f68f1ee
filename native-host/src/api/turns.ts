/** Fairness between clients: of many documents at once a few are read at a time, and none while answers wait unread. */

const PER_TURN = 32;

/** Unread answers above this many bytes hold up the client's next commands. */
const MAX_UNREAD_BYTES = 65_536;

/** The stream the work comes from; it stands still while there is work left. */
export interface Source {
  /** Bytes of ours the other side has not taken. */
  readonly writableLength: number;
  pause(): void;
  resume(): void;
}

export class Turns {
  readonly #source: Source;
  #waiting: (() => void)[] = [];
  #scheduled = false;

  constructor(source: Source) {
    this.#source = source;
  }

  add(work: () => void): void {
    this.#waiting.push(work);
  }

  /** Does what one turn allows; the rest follows when the others had theirs. To be called on `drain` too. */
  run(): void {
    if (this.#scheduled) return;
    const blocked = this.#source.writableLength > MAX_UNREAD_BYTES;
    if (!blocked) for (const work of this.#waiting.splice(0, PER_TURN)) work();
    if (this.#waiting.length === 0) {
      this.#source.resume();
      return;
    }
    this.#source.pause();
    if (blocked) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.run();
    });
  }

  /** Forgets what is left. */
  stop(): void {
    this.#waiting = [];
  }
}
