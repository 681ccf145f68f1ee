/** Work that must not run at the same time: one after the other, in the order it came. */

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all before it is over, whatever became of that; settles as `work` does. */
  take<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
