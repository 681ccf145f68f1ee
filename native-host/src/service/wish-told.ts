/** Hold and mute as the far end learns of them: a re-INVITE with another direction (RFC 3264 §8.4). */

import type { Direction } from "../sdp/session.ts";
import type { Leg } from "../sip/leg.ts";
import type { FarEnd } from "./far-end.ts";
import { callFailure } from "./sip-failure.ts";

export class WishTold {
  /** Who is being told; one that answers no more does not keep the next from hearing it. */
  #telling: Leg | undefined;
  /** What that leg would not be told. */
  #refused: { readonly leg: Leg; readonly wish: Direction } | undefined;

  /** The user wants it: what was refused may be asked for again. */
  insist(): void {
    this.#refused = undefined;
  }

  /** Resolves with what the far end now knows, undefined when there was nothing to tell. Throws ServiceError. */
  async tell({ leg, media, said, target }: FarEnd, wish: Direction): Promise<Direction | undefined> {
    if (said === wish || this.#telling === leg || this.#wasRefused(leg, wish)) return undefined;
    this.#telling = leg;
    try {
      await media.answered(await leg.offer(media.offer(wish)));
      return wish;
    } catch (refused) {
      this.#refused = { leg, wish };
      throw callFailure(target, refused);
    } finally {
      if (this.#telling === leg) this.#telling = undefined;
    }
  }

  #wasRefused(leg: Leg, wish: Direction): boolean {
    return this.#refused?.leg === leg && this.#refused.wish === wish;
  }
}
