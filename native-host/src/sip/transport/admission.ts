/** How many connections there may be, from one address and in all, and how much they may leave unfinished. */
import type { Limits } from "../limits.ts";

export class Admission {
  readonly #limits: Limits;
  readonly #perAddress = new Map<string, number>();
  #connections = 0;
  #unfinishedBytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Whether one more connection from this address is welcome. */
  hasRoom(address: string): boolean {
    const { connections, connectionsPerAddress } = this.#limits;
    return this.#connections < connections && (this.#perAddress.get(address) ?? 0) < connectionsPerAddress;
  }

  /** Counts one, ours or theirs. */
  enter(address: string): void {
    this.#connections++;
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
  }

  leave(address: string): void {
    this.#connections--;
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
  }

  /** So many more bytes of unfinished messages are kept, or fewer; false when that is too much. */
  keeps(bytes: number): boolean {
    this.#unfinishedBytes += bytes;
    return this.#unfinishedBytes <= this.#limits.unfinishedBytes;
  }
}
