/** How long one command may take: a signal for the service, then, if it does not end the command itself, a refusal. */

/** What the service gets to end a command whose time is over. */
const GRACE_MS = 2_000;

/** Runs from its making until it is disposed of. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #late = Promise.withResolvers<never>();
  #timer: NodeJS.Timeout;

  constructor(ms: number, refusal: () => Error) {
    // Nobody may be waiting any more when it rejects.
    this.#late.promise.catch(() => undefined);
    // Nor may a command that nobody waits for keep the process.
    this.#timer = setTimeout(() => {
      const why = refusal();
      this.#timer = setTimeout(() => this.#late.reject(why), GRACE_MS).unref();
      this.#controller.abort(why);
    }, ms).unref();
  }

  /** Its reason is the refusal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Never resolves; rejects when the grace is over too. */
  get late(): Promise<never> {
    return this.#late.promise;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
