/** The OpenAPI 3.1 document of the control API, made from its rows. */

import { PROBLEM_JSON } from "./problem.ts";
import type { AnswerKind, Route } from "./route.ts";
import { NAMED, PROBLEM, type Schema } from "./schemas.ts";

/** What every row may be refused with, and with a token, and with something to check. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: "The request is not as described here.",
  401: "The token is missing or wrong.",
  403: "The conference server does not allow it.",
  404: "There is nothing of that name.",
  409: "It is not so that this could be done.",
  413: "The body is too large.",
  414: "The path is too long.",
  415: "The body is not JSON.",
  429: "Too many requests; Retry-After says when to come again.",
  500: "A mistake of the server, which its log tells of.",
  502: "The mixer or a phone refused.",
  503: "There is no room for it now, or the mixer is away.",
  507: "Too many conferences are set up.",
};

const BY_SCHEMA = new Map(Object.entries(NAMED).map(([name, schema]) => [schema, name]));

/** A JSON value. */
export function openApi(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const { path, method } = route;
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Partyline conference server: control API",
      version: "1",
      description: "Conferences and the people in them, for those who operate the server.",
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "The first line of the token file." },
      },
      schemas: Object.fromEntries(Object.entries(NAMED).map(([name, schema]) => [name, inside(schema)])),
    },
  };
}

function operation(route: Route): object {
  const { operation: operationId, summary, open, params = {}, query = {}, body, answers } = route;
  const parameters = [
    ...Object.entries(params).map(([name, schema]) => ({ name, in: "path", required: true, schema })),
    ...Object.entries(query).map(([name, schema]) => ({ name, in: "query", schema })),
  ];
  return {
    operationId,
    summary,
    ...(open && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: !route.bodyOptional,
        content: { "application/json": { schema: reference(body) } },
      },
    }),
    responses: { ...refusalsOf(route), ...mapValues(answers, answer) },
  };
}

/** The statuses that a row may be refused with. */
function refusalStatuses({ open, params, query, body, refusals = [] }: Route): number[] {
  const checked = params || query || body ? [400] : [];
  const long = params ? [414] : [];
  return [...checked, ...long, ...(open ? [] : [401]), ...(body ? [413, 415] : []), 429, 500, ...refusals];
}

function refusalsOf(route: Route): object {
  const content = { [PROBLEM_JSON]: { schema: reference(PROBLEM) } };
  return Object.fromEntries(
    refusalStatuses(route).map((status) => [
      status,
      { description: REFUSALS[status] ?? "Refused.", content },
    ]),
  );
}

function answer({ description, schema, type = "application/json" }: AnswerKind): object {
  return { description, ...(schema && { content: { [type]: { schema: reference(schema) } } }) };
}

function reference(schema: Schema): object {
  const name = BY_SCHEMA.get(schema);
  return name === undefined ? inside(schema) : { $ref: `#/components/schemas/${name}` };
}

/** A schema whose parts are named where they have a name. */
function inside(schema: Schema): object {
  const { properties, items } = schema;
  return {
    ...schema,
    ...(properties && { properties: mapValues(properties, reference) }),
    ...(items && { items: reference(items) }),
  };
}

function mapValues<Value>(record: Readonly<Record<string, Value>>, map: (value: Value) => object): object {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
