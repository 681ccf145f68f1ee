/** Fairness between clients: a client that sends many documents at once has a few read at a time, then others go first. */

const PER_TURN = 32;

/** The stream the work comes from; it stands still while there is work left. */
export interface Source {
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

  /** Does what one turn allows; the rest follows when the others had theirs. */
  run(): void {
    if (this.#scheduled) return;
    for (const work of this.#waiting.splice(0, PER_TURN)) work();
    if (this.#waiting.length === 0) {
      this.#source.resume();
      return;
    }
    this.#scheduled = true;
    this.#source.pause();
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
