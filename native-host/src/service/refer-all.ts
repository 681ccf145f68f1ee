/** Asks a focus to call people in: by one REFER with a list where it takes that, else by one for each (RFC 4579 §5.5, RFC 5368). */

import { ServiceError } from "../errors.ts";
import { token } from "../sip/header-values.ts";
import type { Leg } from "../sip/leg.ts";
import { formatRecipients, MULTIPLE_REFER } from "../sip/recipient-list.ts";
import { asSipError, SipError } from "../sip/sip-error.ts";
import type { Invitees } from "./invitees.ts";
import { callFailure, peerSaid } from "./sip-failure.ts";

/** Refusals of a list that one by one may be granted. */
const NO_LIST: readonly number[] = [400, 415, 420, 501];

/** Asks for all of whom nothing is known yet; resolves when the focus has taken the wish, `invitees` hear the rest. */
export async function referAll(leg: Leg, invitees: Invitees, signal: AbortSignal): Promise<void> {
  const { open } = invitees;
  if (open.length > 1 && leg.supports.has(MULTIPLE_REFER)) {
    const status = await referList(leg, invitees);
    if (!NO_LIST.includes(status)) return;
  }
  for (const { id, display } of open) {
    leg
      .refer(id, {
        name: display,
        signal,
        onProgress: (status, reason) => invitees.heard(id, status, reason),
      })
      .then(
        // Without reports the 2xx is that of the REFER itself.
        (status) => (status === 202 ? invitees.referred(id) : invitees.heard(id, status, "")),
        (cause) => !signal.aborted && invitees.fail(id, refusal(id, cause)),
      );
  }
}

/** What becomes of each is in the roster then; resolves with the status of the REFER. */
async function referList(leg: Leg, invitees: Invitees): Promise<number> {
  const { open } = invitees;
  const list = formatRecipients(
    open.map(({ id: uri, display: name }) => ({ uri, ...(name !== undefined && { name }) })),
  );
  const id = `${token()}@list`;
  const { status, reason } = await leg.request("REFER", list, {
    "refer-to": `<cid:${id}>`,
    "content-id": `<${id}>`,
    "content-disposition": list.disposition,
    "refer-sub": "false",
    require: `${MULTIPLE_REFER}, norefersub`,
  });
  if (status < 300 || NO_LIST.includes(status)) return status;
  for (const one of open) invitees.fail(one.id, refusal(one.id, new SipError(status, reason)));
  return status;
}

/** Why the focus did not even try. */
function refusal(id: string, cause: unknown): ServiceError {
  const refused = asSipError(cause);
  if (refused.status !== 403) return callFailure(id, refused);
  return new ServiceError("forbidden", ["invite others into this conference"], peerSaid(refused));
}
