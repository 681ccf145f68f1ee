/** What is played to one participant alone, over what he hears of the others. */
import { FRAME } from "./frame.ts";

/** Samples of 16 bits, 8000 a second. */
export type Samples = Int16Array;

/** Halvings of the others under it: they are 12 dB softer. */
export const UNDER_PROMPT = 2;

export class PromptPlayer {
  /** Number of what is playing; undefined when nothing is. */
  ask: number | undefined;
  #pieces: readonly Samples[] = [];
  #piece = 0;
  #at = 0;

  /** Plays these one after the other, from the next tick on. */
  start(ask: number, pieces: readonly Samples[]): void {
    this.ask = ask;
    this.#pieces = pieces;
    this.#piece = 0;
    this.#at = 0;
  }

  stop(): void {
    this.ask = undefined;
    this.#pieces = [];
  }

  /** Adds this tick's frame to `frame`; false when that was the last of it. */
  addTo(frame: Int32Array): boolean {
    for (let i = 0; i < FRAME; ) {
      const piece = this.#pieces[this.#piece];
      if (piece === undefined) return false;
      const count = Math.min(FRAME - i, piece.length - this.#at);
      // Both indexes stay below the lengths they were cut to.
      for (let n = 0; n < count; n++)
        frame[i + n] = (frame[i + n] as number) + (piece[this.#at + n] as number);
      i += count;
      this.#at += count;
      if (this.#at < piece.length) continue;
      this.#piece++;
      this.#at = 0;
    }
    return this.#piece < this.#pieces.length;
  }
}
