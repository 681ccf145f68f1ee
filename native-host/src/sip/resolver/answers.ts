/** Answers of name servers, kept as long as they are good and no more of them than there is room for (RFC 1035 §3.2.1). */

/** Records of one name and kind; none when the name has none. */
export interface Answer<Item> {
  readonly records: readonly Item[];
  /** How long they are good, seconds. */
  readonly ttlS: number;
}

/** More answers than this are not kept: the oldest goes. */
const MOST = 1000;
/** More questions than this are not asked at one time. */
const MOST_OPEN = 500;
/** However long its owner says, nothing is kept longer than this, seconds. */
const LONGEST_S = 3600;

interface Kept<Item> {
  readonly records: Promise<readonly Item[]>;
  untilMs: number;
}

export class Answers<Item> {
  readonly #kept = new Map<string, Kept<Item>>();
  readonly #now: () => number;
  #open = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** What is known under `key`, else what `ask` finds; two who want the same ask once. Rejects as `ask` does. */
  get(key: string, ask: () => Promise<Answer<Item>>): Promise<readonly Item[]> {
    const known = this.#kept.get(key);
    if (known && known.untilMs > this.#now()) return known.records;
    if (this.#open >= MOST_OPEN) return Promise.reject(new Error("too many questions at one time"));
    this.#kept.delete(key);
    this.#makeRoom();
    const entry: Kept<Item> = { records: this.#ask(key, ask), untilMs: Number.POSITIVE_INFINITY };
    this.#kept.set(key, entry);
    return entry.records;
  }

  async #ask(key: string, ask: () => Promise<Answer<Item>>): Promise<readonly Item[]> {
    this.#open++;
    try {
      const { records, ttlS } = await ask();
      const entry = this.#kept.get(key);
      if (entry) entry.untilMs = this.#now() + Math.min(ttlS, LONGEST_S) * 1000;
      return records;
    } catch (cause) {
      this.#kept.delete(key);
      throw cause;
    } finally {
      this.#open--;
    }
  }

  /** The oldest stand first in a Map. */
  #makeRoom(): void {
    for (const key of this.#kept.keys()) {
      if (this.#kept.size < MOST) return;
      this.#kept.delete(key);
    }
  }
}
