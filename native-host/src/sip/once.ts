/** Something that will have happened; a promise of it is made only for those who wait. */
export class Once {
  #happened = false;
  #awaited: PromiseWithResolvers<void> | undefined;

  /** Resolves when it has happened. */
  get promise(): Promise<void> {
    if (this.#happened) return Promise.resolve();
    this.#awaited ??= Promise.withResolvers<void>();
    return this.#awaited.promise;
  }

  happen(): void {
    this.#happened = true;
    this.#awaited?.resolve();
  }
}
