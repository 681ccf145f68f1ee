/** What can be asked about conferences. */

import { readPolicy } from "../policy.ts";
import { Refusal } from "../refusal.ts";
import { page } from "./paging.ts";
import type { Answer, Asked, Route } from "./route.ts";
import {
  CALLING,
  CONFERENCE,
  CONFERENCE_ID,
  CONFERENCES,
  CURSOR,
  DIAL_OUT,
  ENDED,
  LIMIT,
  LOCK,
  POLICY_CHANGE,
} from "./schemas.ts";

const PARAMS = { id: CONFERENCE_ID };
const SEEN = { 200: { description: "The conference as it is now.", schema: CONFERENCE } };

export const CONFERENCE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/conferences",
    operation: "listConferences",
    summary: "Lists the conferences that are held or set up, by name",
    query: { limit: LIMIT, after: CURSOR },
    answers: { 200: { description: "A page of them.", schema: CONFERENCES } },
    handle: ({ admin }, { query }) => {
      const { total, items: conferences, next } = page(admin.list(), ({ id }) => id, query);
      return ok({ total, conferences, ...next });
    },
  },
  {
    method: "GET",
    path: "/conferences/{id}",
    operation: "getConference",
    summary: "Says how a conference is",
    params: PARAMS,
    answers: SEEN,
    refusals: [404],
    handle: ({ admin }, { params }) => ok(admin.get(idOf(params))),
  },
  {
    method: "PUT",
    path: "/conferences/{id}/policy",
    operation: "changePolicy",
    summary: "Changes what a conference lets people do; also sets up one that nobody is in yet",
    params: PARAMS,
    body: POLICY_CHANGE,
    answers: SEEN,
    refusals: [507],
    handle: ({ admin }, { params, body }) => ok(admin.setPolicy(idOf(params), policyOf(body))),
  },
  {
    method: "PUT",
    path: "/conferences/{id}/lock",
    operation: "lockConference",
    summary: "Lets nobody more in, or everybody again",
    params: PARAMS,
    body: LOCK,
    answers: SEEN,
    refusals: [404],
    handle: ({ admin }, { params, body }) => {
      const { locked } = body as { locked: boolean };
      return ok(admin.setPolicy(admin.get(idOf(params)).id, { locked }));
    },
  },
  {
    method: "DELETE",
    path: "/conferences/{id}",
    operation: "endConference",
    summary:
      "Ends a conference for all, each phone is told why; or forgets what is set up for one that nobody is in",
    params: PARAMS,
    answers: { 200: { description: "It is over.", schema: ENDED } },
    refusals: [404],
    handle: ({ admin }, { params }) => ok({ ended: admin.end(idOf(params)) }),
  },
  {
    method: "POST",
    path: "/conferences/{id}/dial-out",
    operation: "dialOut",
    summary: "Calls somebody into a conference; the events tell how it goes",
    params: PARAMS,
    body: DIAL_OUT,
    answers: { 202: { description: "The phone is being called.", schema: CALLING } },
    refusals: [403, 503],
    handle: ({ admin }, { params, body }) => {
      const { uri, name } = body as { uri: string; name?: string };
      admin.dialOut(idOf(params), uri, name);
      return { status: 202, body: { conference: idOf(params), uri } };
    },
  },
];

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function idOf({ id = "" }: Asked["params"]): string {
  return id;
}

function policyOf(body: unknown): ReturnType<typeof readPolicy> {
  try {
    return readPolicy(body);
  } catch (cause) {
    throw new Refusal(400, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
