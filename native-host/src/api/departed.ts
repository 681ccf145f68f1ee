/** Clients that went away a moment ago: one that comes back goes on where it stopped (`<Hello resume>`). */
import type { ClientId } from "./call-control.ts";
import type { Retired } from "./retired.ts";

const MOST_CLIENTS = 16;

/** What a client left behind. */
export interface Estate {
  /** The number of the last event it was sent. */
  readonly seq: number;
  readonly retired: Retired;
}

export class Departed {
  readonly #estates = new Map<ClientId, Estate>();

  add(client: ClientId, estate: Estate): void {
    this.#estates.set(client, estate);
    const [oldest] = this.#estates.keys();
    if (this.#estates.size > MOST_CLIENTS && oldest !== undefined) this.take(oldest)?.retired.close();
  }

  take(client: ClientId): Estate | undefined {
    const estate = this.#estates.get(client);
    this.#estates.delete(client);
    return estate;
  }

  close(): void {
    for (const client of [...this.#estates.keys()]) this.take(client)?.retired.close();
  }
}
