/** The people an INVITE brings a list of: to be called into the conference it opens (RFC 5366). */

import type { SipRequest } from "#sip/message.ts";
import { partsOf } from "#sip/multipart.ts";
import { isRecipientList, recipientsIn } from "#sip/recipient-list.ts";
import { parseReferTo, type ReferTo } from "#sip/refer-to.ts";
import { SipError } from "#sip/sip-error.ts";

/** Throws SipError 400 when there is a list that cannot be read or names something else than people to call. */
export function listedIn(request: SipRequest): readonly ReferTo[] {
  if (!partsOf(request)?.some(isRecipientList)) return [];
  const places = recipientsIn(request)?.map(({ uri, name }) => {
    const place = parseReferTo(`<${uri}>`);
    return place?.method === "INVITE" ? { ...place, ...(name && { name }) } : undefined;
  });
  if (!places?.every((place) => place !== undefined)) throw new SipError(400, "Bad Recipient List");
  return places;
}
