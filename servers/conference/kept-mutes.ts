/** Whom moderators have muted, and where: neither hanging up, nor another call, nor the death of the server lifts a mute. */

import { type Bearing, mutedBy } from "./bearing.ts";
import { type Identity, proofOf } from "./identity.ts";
import type { Newcomer } from "./standing.ts";

/** Of one conference; whoever was muted first is forgotten first. */
const MOST = 1_000;

/** Somebody as the state file has them. */
export interface KeptMute {
  readonly conference: string;
  readonly aor: string;
  /** What shows that it is they, beside the From: see `proofOf`. */
  readonly proof: string;
}

export class KeptMutes {
  /** By the conference, then by the person. */
  readonly #mutes = new Map<string, Map<string, KeptMute>>();
  /** Set by the owner: hears of each that is kept from now on, or no longer. */
  onChanged?: (mute: KeptMute, kept: boolean) => void;

  /** Where there are any. */
  get conferences(): readonly string[] {
    return [...this.#mutes.keys()];
  }

  /** How somebody is in this conference now. The anonymous cannot be told apart, and come back as anybody. */
  note(conference: string, { identity, bearing }: { identity: Identity; bearing: Bearing }): void {
    if (identity.anonymous) return;
    const mute = { conference, aor: identity.aor, proof: proofOf(identity) };
    if (bearing.muting.moderator) this.keep(mute);
    else this.#drop(mute);
  }

  keep(mute: KeptMute): void {
    const there = this.#mutes.get(mute.conference) ?? new Map<string, KeptMute>();
    this.#mutes.set(mute.conference, there);
    if (there.has(nameOf(mute))) return;
    there.set(nameOf(mute), mute);
    this.onChanged?.(mute, true);
    const [first] = there.values();
    if (first && there.size > MOST) this.#drop(first);
  }

  /** It is over. */
  forget(conference: string): void {
    for (const mute of this.#mutes.get(conference)?.values() ?? []) this.#drop(mute);
  }

  /** How a newcomer comes in who would otherwise come in so; a moderator is never kept silent. */
  bearing(conference: string, { identity, standing }: Newcomer, bearing?: Bearing): Bearing | undefined {
    const name = nameOf({ aor: identity.aor, proof: proofOf(identity) });
    const isKept = !identity.anonymous && this.#mutes.get(conference)?.has(name) === true;
    return isKept && !standing.moderator ? mutedBy("moderator", bearing) : bearing;
  }

  #drop(mute: KeptMute): void {
    const there = this.#mutes.get(mute.conference);
    if (!there?.delete(nameOf(mute))) return;
    if (there.size === 0) this.#mutes.delete(mute.conference);
    this.onChanged?.(mute, false);
  }
}

function nameOf({ aor, proof }: Pick<KeptMute, "aor" | "proof">): string {
  return `${aor} ${proof}`;
}
