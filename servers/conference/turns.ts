/** One thing at a time, in the order in which they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Something is under way, or waits for its turn. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Runs `task` when all before it are over, whatever became of them. */
  take<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#waiting += 1;
    const turn = this.#last.then(task).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when all that were asked for by now are over. */
  async over(): Promise<void> {
    await this.#last;
  }
}
