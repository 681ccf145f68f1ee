/** What goes wrong as HTTP tells it: a problem details object of one sentence (RFC 9457). */

import { STATUS_CODES } from "node:http";
import type { FastifyReply } from "fastify";
import { Refusal } from "../refusal.ts";

export interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

export const PROBLEM_JSON = "application/problem+json";

export function problem(status: number, detail: string): Problem {
  return { type: "about:blank", title: STATUS_CODES[status] ?? "Error", status, detail };
}

export function sendProblem(reply: FastifyReply, { status, message, retryAfterS }: Refusal): FastifyReply {
  if (retryAfterS !== undefined) reply.header("retry-after", String(retryAfterS));
  // As text: what is no success has no schema that would shape it.
  return reply
    .code(status)
    .type(PROBLEM_JSON)
    .serializer(String)
    .send(JSON.stringify(problem(status, message)));
}

/** The sentences for what fastify refuses by itself. */
const SENTENCES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "The body is too large; ask for less at a time.",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "The body must be JSON; send content-type: application/json.",
  FST_ERR_CTP_EMPTY_JSON_BODY: "The body is empty, and was said to be JSON.",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "The body is not as long as it was said to be.",
  FST_ERR_CTP_INVALID_JSON_BODY: "The body is not JSON.",
  FST_ERR_BAD_URL: "This is no path.",
  FST_ERR_MAX_PARAM_LENGTH: "The path is too long.",
};

/** What was thrown on the way, as a refusal; undefined when it is a mistake of ours. */
export function refusalOf(cause: unknown): Refusal | undefined {
  if (cause instanceof Refusal) return cause;
  if (!(cause instanceof Error)) return undefined;
  const { code = "", statusCode = 500, validation, validationContext } = cause as Error & FastifyFields;
  if (validation) return new Refusal(400, mistakeIn(validation[0], validationContext));
  if (statusCode < 400 || statusCode >= 500) return undefined;
  return new Refusal(statusCode, SENTENCES[code] ?? sentence(cause.message));
}

/** What fastify's errors have besides; each may be missing. */
interface FastifyFields {
  readonly code?: string;
  readonly statusCode?: number;
  readonly validation?: readonly Mistake[];
  /** Where it is. */
  readonly validationContext?: string;
}

/** The first thing in which a value does not fit its schema, as ajv tells it. */
interface Mistake {
  readonly keyword: string;
  /** `/participants/0`, "" for the whole. */
  readonly instancePath: string;
  readonly params: { readonly additionalProperty?: string; readonly missingProperty?: string };
  readonly message?: string;
}

/** Of a name that somebody made up so much is repeated. */
const MOST_NAME = 40;

/** In the names of whoever asks; never with the value, which may be a PIN. */
function mistakeIn(mistake: Mistake | undefined, context = "request"): string {
  const { instancePath = "", params = {}, message = "is not as /openapi.json says" } = mistake ?? {};
  const { additionalProperty: unknown, missingProperty: missing } = params;
  const whole = context === "querystring" ? "query" : context;
  if (unknown !== undefined)
    return `The ${whole} has no "${unknown.slice(0, MOST_NAME)}"; /openapi.json says what it has.`;
  if (missing !== undefined) return `"${missing}" is missing in the ${whole}.`;
  const name = instancePath.slice(1).replaceAll("/", ".");
  return `${name || `The ${whole}`} ${message}.`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.?$/, ".")}`;
}
