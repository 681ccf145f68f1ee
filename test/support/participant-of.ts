/** The participant whose call this is, as the conference server sees him. */
import assert from "node:assert/strict";
import type { Leg } from "#sip/leg.ts";
import type { Participant } from "../../servers/conference/participant.ts";
import type { ConferenceServer } from "../../servers/conference/server.ts";

export function participantOf({ focus }: ConferenceServer, { id }: Leg): Participant {
  // Tags as the other end has them.
  const { callId, localTag: remoteTag, remoteTag: localTag } = id;
  return focus.participantOf({ callId, localTag, remoteTag }) ?? assert.fail("no such participant");
}
