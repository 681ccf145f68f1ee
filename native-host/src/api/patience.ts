/** Waits for one thing at a time, so long and no longer. */
export class Patience {
  readonly #ms: number;
  readonly #lose: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, lose: () => void) {
    this.#ms = ms;
    this.#lose = lose;
  }

  /** Counted from the first call until `end`. */
  begin(): void {
    this.#timer ??= setTimeout(this.#lose, this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
