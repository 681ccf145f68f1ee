/** Clients that went away a moment ago: one that comes back goes on where it stopped (`<Hello resume>`). */
import type { Retired } from "./retired.ts";

/** What a client is told to come back by: no other client, and none of another run of the service, has the same. */
export type Return = string;

const MOST_CLIENTS = 16;

/** What a client left behind. */
export interface Estate {
  /** The number of the last event it was sent. */
  readonly seq: number;
  readonly retired: Retired;
}

export class Departed {
  readonly #estates = new Map<Return, Estate>();

  add(client: Return, estate: Estate): void {
    this.#estates.set(client, estate);
    const [oldest] = this.#estates.keys();
    if (this.#estates.size > MOST_CLIENTS && oldest !== undefined) this.take(oldest)?.retired.close();
  }

  take(client: Return): Estate | undefined {
    const estate = this.#estates.get(client);
    this.#estates.delete(client);
    return estate;
  }

  close(): void {
    for (const client of [...this.#estates.keys()]) this.take(client)?.retired.close();
  }
}
