/** The HTTP control API of the conference server, for those who operate it. */

import type { AddressInfo } from "node:net";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { bracketed } from "#sip/uri.ts";
import type { Admin } from "../admin.ts";
import { Refusal } from "../refusal.ts";
import { EventLog, type EventLogOptions } from "./event-log.ts";
import { healthOf, type MixerState } from "./health.ts";
import { openApi } from "./openapi.ts";
import { type Pace, Turnstile } from "./pace.ts";
import { PAGE_POLICY } from "./page.ts";
import { refusalOf, sendProblem } from "./problem.ts";
import type { Answer, Desk, Route } from "./route.ts";
import { allRoutes } from "./routes.ts";
import { tokenCheck } from "./token.ts";

export interface ControlApiOptions extends Omit<EventLogOptions, "admin"> {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly admin: Admin;
  readonly token: string;
  mixers(): readonly MixerState[];
  /** In the text format of Prometheus. */
  metrics(): Promise<string>;
  /** The server is to end when nobody is left, or after so many seconds. */
  drain(limitS: number): void;
  readonly pace?: Pace;
  /** How long somebody may take over a request; 10 s when missing. */
  readonly patienceMs?: number;
  readonly log: Pick<Logger, "info" | "error">;
}

export interface ControlApi {
  /** `http://host:port` */
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Room for the ids of the most that can be moved at once. */
const MOST_BODY = 65_536;
const MOST_CONNECTIONS = 256;
const PATIENCE_MS = 10_000;
/** A page of an operator asks a dozen things at once. */
const PACE: Pace = { atOnce: 200, perSecond: 50 };

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": PAGE_POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Rejects when the port is taken. */
export async function openControlApi(options: ControlApiOptions): Promise<ControlApi> {
  const { host, port, admin } = options;
  const events = new EventLog(options);
  const desk: Desk = {
    admin,
    events,
    description: JSON.stringify(openApi(allRoutes())),
    health: () => healthOf(admin, options.mixers()),
    metrics: () => options.metrics(),
    drain: (limitS) => options.drain(limitS),
  };
  const api = buildControlApi(desk, options);
  try {
    await api.listen({ host, port });
  } catch (cause) {
    events.close();
    throw cause;
  }
  const bound = (api.server.address() as AddressInfo | null)?.port ?? port;
  return {
    address: `http://${bracketed(host)}:${bound}`,
    port: bound,
    async close() {
      events.close();
      api.server.closeAllConnections();
      await api.close();
    },
  };
}

/** It listens to nothing yet. */
export function buildControlApi(
  desk: Desk,
  {
    token,
    pace = PACE,
    patienceMs = PATIENCE_MS,
    log,
  }: Pick<ControlApiOptions, "token" | "pace" | "patienceMs" | "log">,
): FastifyInstance {
  const api = fastify({
    logger: false,
    bodyLimit: MOST_BODY,
    requestTimeout: patienceMs,
    connectionTimeout: 3 * patienceMs,
    // Node looks for those who dawdle only so often.
    http: { connectionsCheckingInterval: patienceMs / 10, headersTimeout: patienceMs },
    exposeHeadRoutes: false,
    // What is no path at all comes by none of the hooks.
    frameworkErrors: (cause, _request, reply) =>
      void sendProblem(reply, refusalOf(cause) ?? new Refusal(400, "This is no path.")),
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
  });
  api.removeContentTypeParser("text/plain");
  api.server.maxConnections = MOST_CONNECTIONS;
  const turnstile = new Turnstile(pace);
  const shown = tokenCheck(token);
  api.addHook("onRequest", async (request, reply) => {
    reply.headers(HEADERS);
    const waitS = turnstile.waitS(request.ip);
    if (waitS > 0) throw new Refusal(429, "Too many requests; wait a little.", { retryAfterS: waitS });
    if (!isOpen(request) && !shown(request.headers.authorization)) {
      reply.header("www-authenticate", 'Bearer realm="partyline"');
      throw new Refusal(401, "Show the token of the server's token file as: Authorization: Bearer TOKEN.");
    }
  });
  api.addHook("preValidation", async (request) => readNumbers(request));
  api.setErrorHandler((cause, _request, reply) => {
    const refusal = refusalOf(cause);
    if (!refusal) log.error({ err: cause }, "the control API failed");
    return sendProblem(reply, refusal ?? new Refusal(500, "The server made a mistake; its log says which."));
  });
  api.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, new Refusal(404, "There is nothing here; /openapi.json says what there is.")),
  );
  const routes = allRoutes();
  for (const route of routes) addRoute(api, desk, route);
  for (const [url, methods] of methodsByUrl(routes)) refuseOthers(api, url, methods);
  return api;
}

function methodsByUrl(routes: readonly Route[]): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const { method, path } of routes) {
    const url = urlOf(path);
    all.set(url, [...(all.get(url) ?? []), method]);
  }
  return all;
}

/** A path that is there, asked for what it cannot do (RFC 9110 §15.5.6). */
function refuseOthers(api: FastifyInstance, url: string, methods: readonly string[]): void {
  const allow = methods.join(", ");
  api.route({
    method: api.supportedMethods.filter((method) => !methods.includes(method)),
    url,
    handler: (_request, reply) =>
      sendProblem(
        reply.header("allow", allow),
        new Refusal(405, `This path takes ${allow} and nothing else.`),
      ),
  });
}

/** `/conferences/{id}` as fastify has it. */
function urlOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1");
}

function addRoute(api: FastifyInstance, desk: Desk, route: Route): void {
  const { method, path, params, query, body, answers, bodyOptional } = route;
  const record = (properties: object, required: readonly string[]) => ({
    ...{ type: "object", properties, required, additionalProperties: false },
  });
  api.route({
    method,
    url: urlOf(path),
    config: { open: route.open === true },
    schema: {
      ...(params && { params: record(params, Object.keys(params)) }),
      ...(query && { querystring: record(query, []) }),
      ...(body && { body }),
      response: Object.fromEntries(
        Object.entries(answers).flatMap(([status, { schema, type }]) =>
          schema && type === undefined ? [[status, schema]] : [],
        ),
      ),
    },
    ...(bodyOptional && {
      preValidation: async (request) => {
        request.body ??= {};
      },
    }),
    handler: async (request, reply) => {
      const answer = await route.handle(desk, {
        params: request.params as Readonly<Record<string, string>>,
        query: request.query as { limit?: number; after?: string },
        body: request.body,
        request,
        reply,
      });
      return answer && sendAnswer(route, reply, answer);
    },
  });
}

function sendAnswer({ answers }: Route, reply: FastifyReply, { status, body }: Answer): FastifyReply {
  const { type = "application/json; charset=utf-8" } = answers[status] ?? {};
  reply.code(status);
  return body === undefined ? reply.send() : reply.type(type).send(body);
}

function isOpen({ routeOptions: { config } }: FastifyRequest): boolean {
  return "open" in config && config.open === true;
}

/** A query has only texts; those that look like numbers and are to be numbers become ones. */
function readNumbers(request: FastifyRequest): void {
  const query = request.query as Record<string, unknown>;
  const { limit } = query;
  if (typeof limit === "string" && /^\d{1,9}$/.test(limit)) query["limit"] = Number(limit);
}
