/** What goes along with somebody whose call, or whose leg at the mixer, is another one now: his mutes, and his raised hand. */

import { asOnesOwn, type By, HEARD, type Muting } from "./muting.ts";

export interface Bearing {
  readonly muting: Muting;
  readonly hand: boolean;
}

/** Heard, and without a wish: as anybody comes who comes for the first time. */
const AT_FIRST: Bearing = { muting: HEARD, hand: false };

export function mutedBy(by: By, { muting, hand }: Bearing = AT_FIRST): Bearing {
  return { hand, muting: { ...muting, [by]: true } };
}

/** In another conference nobody else's mute is in force: he stays silent, and may lift it himself. */
export function inAnother({ muting, hand }: Bearing): Bearing {
  return { hand, muting: asOnesOwn(muting) };
}
