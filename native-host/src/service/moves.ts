/** Switches of a call's far end: one at a time, and a newer one takes the place of all before it. */

import { ServiceError } from "../errors.ts";
import type { Destination } from "./far-end.ts";
import { givenUp } from "./sip-failure.ts";

export interface Move {
  readonly to: Destination;
  readonly abort: AbortController;
  readonly done: PromiseWithResolvers<number>;
}

export interface MovesOptions {
  /** Runs one switch, never rejects; returns what is to happen once it counts as over. */
  readonly attempt: (move: Move) => Promise<() => void>;
  /** None is under way any more. */
  readonly onSettled: () => void;
}

export class Moves {
  readonly #options: MovesOptions;
  #running: Move | undefined;
  #next: Move | undefined;

  constructor(options: MovesOptions) {
    this.#options = options;
  }

  /** Whether one is under way. */
  get underWay(): boolean {
    return this.#running !== undefined || this.#next !== undefined;
  }

  /** Whether another one follows the one that runs. */
  get follows(): boolean {
    return this.#next !== undefined;
  }

  /** Resolves with the gap at the device in ms; rejects with `superseded` when a newer one comes. */
  goTo(to: Destination, signal?: AbortSignal): Promise<number> {
    const move: Move = { to, abort: new AbortController(), done: Promise.withResolvers() };
    signal?.addEventListener("abort", () => move.abort.abort(givenUp(signal)), { once: true });
    this.#giveUp(new ServiceError("superseded", []));
    this.#next = move;
    if (!this.#running) void this.#run();
    return move.done.promise;
  }

  /** Gives up what is under way. */
  cancel(): void {
    this.#giveUp(new ServiceError("cancelled", []));
    this.#next = undefined;
  }

  #giveUp(why: ServiceError): void {
    this.#running?.abort.abort(why);
    this.#next?.done.reject(why);
  }

  async #run(): Promise<void> {
    while (this.#next) {
      const move = this.#next;
      this.#next = undefined;
      this.#running = move;
      const settle = await this.#options.attempt(move);
      this.#running = undefined;
      settle();
    }
    this.#options.onSettled();
  }
}
