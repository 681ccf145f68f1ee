/** What can be asked about the people in conferences. */

import type { ParticipantView } from "../admin-views.ts";
import { page } from "./paging.ts";
import type { Answer, Asked, Route } from "./route.ts";
import {
  CONFERENCE_ID,
  CURSOR,
  LIMIT,
  MOVE,
  MOVES,
  MUTE,
  PARTICIPANT,
  PARTICIPANT_ID,
  PARTICIPANTS,
} from "./schemas.ts";

const PARAMS = { id: CONFERENCE_ID, participant: PARTICIPANT_ID };
const SEEN = { 200: { description: "The participant as it is now.", schema: PARTICIPANT } };

export const PARTICIPANT_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/conferences/{id}/participants",
    operation: "listParticipants",
    summary: "Lists who is in a conference or waits to be let in, in the order they came to the server",
    params: { id: CONFERENCE_ID },
    query: { limit: LIMIT, after: CURSOR },
    answers: { 200: { description: "A page of them.", schema: PARTICIPANTS } },
    refusals: [404],
    handle: ({ admin }, { params, query }) => {
      const all = admin.participants(named(params).id);
      const { total, items: participants, next } = page(all, arrival, query);
      return ok({ total, participants, ...next });
    },
  },
  {
    method: "PUT",
    path: "/conferences/{id}/participants/{participant}/mute",
    operation: "muteParticipant",
    summary: "Has the conference listen to somebody no longer, or again",
    params: PARAMS,
    body: MUTE,
    answers: SEEN,
    refusals: [403, 404, 502, 503],
    handle: async ({ admin }, { params, body }) => {
      const { id, participant } = named(params);
      return ok(await admin.mute(id, participant, (body as { muted: boolean }).muted));
    },
  },
  {
    method: "POST",
    path: "/conferences/{id}/participants/{participant}/admit",
    operation: "admitParticipant",
    summary: "Lets somebody in who waits in the lobby",
    params: PARAMS,
    answers: SEEN,
    refusals: [404, 409, 502, 503],
    handle: async ({ admin }, { params }) => {
      const { id, participant } = named(params);
      return ok(await admin.admit(id, participant));
    },
  },
  {
    method: "DELETE",
    path: "/conferences/{id}/participants/{participant}",
    operation: "removeParticipant",
    summary: "Takes somebody out; the phone is told why",
    params: PARAMS,
    answers: { 204: { description: "The call is over." } },
    refusals: [404],
    handle: ({ admin }, { params }) => {
      const { id, participant } = named(params);
      admin.kick(id, participant);
      return { status: 204 };
    },
  },
  {
    method: "POST",
    path: "/move",
    operation: "moveParticipants",
    summary: "Moves one or many to another conference; their phones keep their calls and media",
    body: MOVE,
    answers: { 200: { description: "What became of each, in the order asked.", schema: MOVES } },
    refusals: [503],
    handle: async ({ admin }, { body }) => {
      const { participants, to } = body as { participants: string[]; to: string };
      return ok({ moves: await admin.move(participants, to) });
    },
  },
];

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function named({ id = "", participant = "" }: Asked["params"]): { id: string; participant: string } {
  return { id, participant };
}

/** Sorts by when they came. */
function arrival({ joined, id }: ParticipantView): string {
  return `${Date.parse(joined).toString(36)}-${id}`;
}
