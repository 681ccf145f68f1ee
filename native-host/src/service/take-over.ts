/** An INVITE with Replaces: somebody takes the place of one of our far ends (RFC 3891 §3), as after an attended transfer. */

import type { DialogId, IncomingInvite } from "../sip/leg.ts";
import { acceptFar } from "./accept-far.ts";
import type { Call } from "./call.ts";
import { LoopCall } from "./loop-call.ts";
import { whoIs } from "./visitor.ts";

/** Whose far end that dialog is, a new one takes its place, and nobody need answer. Rejects when that fails; the INVITE is refused then. */
export async function takeOver(
  invite: IncomingInvite,
  dialog: DialogId,
  calls: readonly Call[],
): Promise<void> {
  const call = calls.find(({ far }) => far && isSame(far.leg.id, dialog));
  if (!(call instanceof LoopCall)) {
    invite.reject(481);
    return;
  }
  const { uri: target, display } = whoIs(invite.from);
  const to = { target, display, from: call.from };
  try {
    await call.replaceFar(to, (path) => acceptFar(invite, path, to));
  } catch (failed) {
    invite.reject(491);
    throw failed;
  }
}

function isSame(one: DialogId, other: DialogId): boolean {
  return one.callId === other.callId && one.localTag === other.localTag && one.remoteTag === other.remoteTag;
}
