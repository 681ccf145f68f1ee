/** Who was in which conference when the server died: they may come back as what they were, lock or not, for a while. */

import { type Identity, proofOf } from "./identity.ts";

/** Somebody as the state file has them. */
export interface Seated {
  readonly conference: string;
  readonly aor: string;
  /** What shows that it is they, beside the From: see `proofOf`. */
  readonly proof: string;
  readonly moderator: boolean;
}

/** Phones are back within seconds; people who dial by hand take longer. */
export const RETURN_MS = 300_000;

export class Returning {
  readonly #seats = new Map<string, Seated>();

  constructor(people: readonly Seated[]) {
    for (const seated of people) this.#seats.set(nameOf(seated.conference, seated.aor, seated.proof), seated);
  }

  /** Each of those who have not left since. */
  get all(): readonly Seated[] {
    return [...this.#seats.values()];
  }

  /** What somebody was there; undefined when nothing. The anonymous cannot be told apart and were nothing. */
  find(conference: string, identity: Identity): Seated | undefined {
    return identity.anonymous
      ? undefined
      : this.#seats.get(nameOf(conference, identity.aor, proofOf(identity)));
  }

  /** Has left, or was taken out. */
  forget(conference: string, identity: Identity): void {
    this.#seats.delete(nameOf(conference, identity.aor, proofOf(identity)));
  }

  /** Nobody comes back as what he was any more. */
  close(): void {
    this.#seats.clear();
  }
}

function nameOf(conference: string, aor: string, proof: string): string {
  return `${conference} ${proof} ${aor}`;
}
