/** What can be asked about the server itself. */

import type { Answer, Route } from "./route.ts";
import { DRAIN, DRAINING, EVENT_STREAM, HEALTH } from "./schemas.ts";

const DEFAULT_LIMIT_S = 3_600;
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export const SERVER_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/events",
    operation: "followEvents",
    summary: "Tells what happens as it happens; with Last-Event-ID from behind that event",
    answers: {
      200: { description: "It ends when either side does.", schema: EVENT_STREAM, type: "text/event-stream" },
    },
    refusals: [503],
    handle: ({ events }, { request, reply }) => {
      const { "last-event-id": lastHeard } = request.headers;
      events.follow(reply.raw, typeof lastHeard === "string" ? lastHeard : undefined);
      reply.hijack();
      return undefined;
    },
  },
  {
    method: "POST",
    path: "/drain",
    operation: "drain",
    summary: "Begins no conference any more, and ends the server when nobody is left",
    body: DRAIN,
    bodyOptional: true,
    answers: { 202: { description: "It has begun.", schema: DRAINING } },
    handle: ({ drain }, { body }) => {
      const { limitS = DEFAULT_LIMIT_S } = body as { limitS?: number };
      drain(limitS);
      return { status: 202, body: { draining: true, limitS } };
    },
  },
  {
    method: "DELETE",
    path: "/drain",
    operation: "undrain",
    summary: "Begins conferences again",
    answers: { 200: { description: "As if nothing had been.", schema: DRAINING } },
    handle: ({ admin }) => {
      admin.undrain();
      return ok({ draining: false });
    },
  },
  {
    method: "GET",
    path: "/health",
    operation: "health",
    summary: "Says whether the server can take conferences, and what is wrong",
    open: true,
    answers: {
      200: { description: "It can.", schema: HEALTH },
      503: { description: "It cannot: it drains, or no mixer answers.", schema: HEALTH },
    },
    handle: ({ health }) => {
      const body = health();
      return { status: body.status === "ok" ? 200 : 503, body };
    },
  },
  {
    method: "GET",
    path: "/metrics",
    operation: "metrics",
    summary: "Figures for Prometheus",
    answers: { 200: { description: "In its text format.", schema: { type: "string" }, type: METRICS_TYPE } },
    handle: async ({ metrics }) => ok(await metrics()),
  },
  {
    method: "GET",
    path: "/openapi.json",
    operation: "describe",
    summary: "This document",
    open: true,
    answers: { 200: { description: "OpenAPI 3.1.", schema: { type: "object" }, type: "application/json" } },
    handle: ({ description }) => ok(description),
  },
];

function ok(body: unknown): Answer {
  return { status: 200, body };
}
