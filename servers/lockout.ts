/** Who guesses passwords is not listened to for a while. */

/** Wrong answers that are forgiven, and for how long nothing is heard after them. */
const MOST_FAILURES = 10;
const LASTS_MS = 600_000;
/** More guessers than this are not remembered: the oldest is forgiven. */
const MOST_REMEMBERED = 10_000;

interface Guesser {
  readonly failures: number;
  readonly lastAtMs: number;
}

export class Lockout {
  readonly #guessers = new Map<string, Guesser>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  isLocked(who: string): boolean {
    const guesser = this.#recent(who);
    return guesser !== undefined && guesser.failures >= MOST_FAILURES;
  }

  failed(who: string): void {
    const failures = (this.#recent(who)?.failures ?? 0) + 1;
    this.#guessers.delete(who);
    const [oldest] = this.#guessers.size < MOST_REMEMBERED ? [] : this.#guessers.keys();
    if (oldest !== undefined) this.#guessers.delete(oldest);
    this.#guessers.set(who, { failures, lastAtMs: this.#now() });
  }

  forget(who: string): void {
    this.#guessers.delete(who);
  }

  #recent(who: string): Guesser | undefined {
    const guesser = this.#guessers.get(who);
    return guesser && this.#now() - guesser.lastAtMs <= LASTS_MS ? guesser : undefined;
  }
}
