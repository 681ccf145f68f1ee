/** Somebody who calls us becomes a far end: its INVITE is answered with the media of a call of ours (RFC 3261 §13.3.1.4). */

import { ServiceError } from "../errors.ts";
import type { IncomingInvite } from "../sip/leg.ts";
import { SipError } from "../sip/sip-error.ts";
import type { Destination, FarEnd } from "./far-end.ts";
import type { MediaPath } from "./media-path.ts";

/** Throws SipError or ServiceError, and has refused the INVITE then. Whoever takes the far end sets its handlers at once. */
export async function acceptFar(invite: IncomingInvite, path: MediaPath, who: Destination): Promise<FarEnd> {
  const { wish } = path;
  try {
    const media = await path.openFar();
    try {
      const { offer } = invite;
      const sdp = offer === undefined ? media.offer(wish) : await media.offered(offer);
      const leg = invite.accept(sdp);
      if (leg.state === "ended") throw new ServiceError("cancelled", []);
      return { ...who, leg, media, said: wish };
    } catch (failed) {
      media.close();
      throw failed;
    }
  } catch (failed) {
    const status = failed instanceof SipError ? failed.status : 500;
    invite.reject(status);
    throw failed;
  }
}
