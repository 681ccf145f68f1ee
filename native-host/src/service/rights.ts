/** What each client of the API may do beyond its own calls. */

import type { ClientId, Right } from "../api/call-control.ts";
import { ServiceError } from "../errors.ts";

export class Rights {
  readonly #rights = new Map<ClientId, ReadonlySet<Right>>();

  came(client: ClientId, rights: readonly Right[]): void {
    this.#rights.set(client, new Set(rights));
  }

  gone(client: ClientId): void {
    this.#rights.delete(client);
  }

  /** A client nobody announced may nothing. */
  has(client: ClientId, right: Right): boolean {
    return this.#rights.get(client)?.has(right) ?? false;
  }

  /** Whether the call is the client's own, or it may control all. */
  mayControl(client: ClientId, owner: ClientId | undefined): boolean {
    return owner === client || this.has(client, "control");
  }

  /** Throws ServiceError `forbidden` where `mayControl` says no. */
  checkControl(client: ClientId, owner: ClientId | undefined): void {
    if (this.mayControl(client, owner)) return;
    throw new ServiceError("forbidden", ["end or change the calls of others; its token needs `control`"]);
  }
}
