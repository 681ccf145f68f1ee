/** Collections for what comes and goes all day, a call or a transaction. */

/**
 * V8 gives a Map or Set with few entries a new table after every few deletions, and the old table points to the new one.
 * An old table that has grown old itself keeps, until the next full collection, all tables after it and so every call
 * that was in one of them: collecting what calls left behind then costs more than the calls. With so many entries that
 * stay, tables are renewed a hundred times less often.
 */
const STAYING = 256;

export class RoomyMap<Key, Value extends object> {
  readonly #table = new Map<unknown, Value | undefined>();

  constructor() {
    this.clear();
  }

  get size(): number {
    return this.#table.size - STAYING;
  }

  get(key: Key): Value | undefined {
    return this.#table.get(key);
  }

  set(key: Key, value: Value): void {
    this.#table.set(key, value);
  }

  delete(key: Key): boolean {
    return this.#table.delete(key);
  }

  clear(): void {
    this.#table.clear();
    for (let i = 0; i < STAYING; i++) this.#table.set({}, undefined);
  }

  *values(): Generator<Value> {
    for (const value of this.#table.values()) if (value !== undefined) yield value;
  }
}

export class RoomySet<One extends object> {
  readonly #table = new RoomyMap<One, One>();

  get size(): number {
    return this.#table.size;
  }

  add(one: One): void {
    this.#table.set(one, one);
  }

  delete(one: One): boolean {
    return this.#table.delete(one);
  }

  clear(): void {
    this.#table.clear();
  }

  [Symbol.iterator](): Generator<One> {
    return this.#table.values();
  }
}
