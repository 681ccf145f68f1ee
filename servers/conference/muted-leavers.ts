/** Those whom a moderator had muted when they left: they come back muted, for hanging up must not lift a mute. */

import { type Identity, proofOf } from "./identity.ts";
import { HEARD } from "./muting.ts";
import type { Bearing, Newcomer } from "./standing.ts";

/** Of one conference; whoever left first is forgotten first. */
const MOST = 1_000;

type Leaver = Pick<Newcomer, "identity"> & { readonly bearing: Bearing };

export class MutedLeavers {
  readonly #who = new Set<string>();

  /** The anonymous cannot be told apart and come back as anybody. */
  left({ identity, bearing }: Leaver): void {
    if (identity.anonymous) return;
    const name = nameOf(identity);
    this.#who.delete(name);
    if (!bearing.muting.moderator) return;
    this.#who.add(name);
    for (const first of this.#who) if (this.#who.size > MOST) this.#who.delete(first);
  }

  /** Whether this newcomer is to be silent from the first moment on; a moderator never is. */
  holds({ identity, standing }: Pick<Newcomer, "identity" | "standing">): boolean {
    return !standing.moderator && this.#who.has(nameOf(identity));
  }

  /** How a newcomer comes in who would otherwise come in so. */
  bearing(newcomer: Pick<Newcomer, "identity" | "standing">, bearing?: Bearing): Bearing | undefined {
    if (!this.holds(newcomer)) return bearing;
    const { muting, hand } = bearing ?? { muting: HEARD, hand: false };
    return { hand, muting: { ...muting, moderator: true } };
  }
}

/** By what a takeover is judged, too. */
function nameOf(identity: Identity): string {
  return `${identity.aor} ${proofOf(identity)}`;
}
