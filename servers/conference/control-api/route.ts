/** A row of the control API: what it is called, takes and answers, in one place for the server and for OpenAPI. */

import type { FastifyReply, FastifyRequest } from "fastify";
import type { Admin } from "../admin.ts";
import type { EventLog } from "./event-log.ts";
import type { Health } from "./health.ts";
import type { Schema } from "./schemas.ts";

/** What the routes are about. */
export interface Desk {
  readonly admin: Admin;
  readonly events: EventLog;
  health(): Health;
  /** In the text format of Prometheus. */
  metrics(): Promise<string>;
  /** The OpenAPI document. */
  readonly description: string;
  /** As SIGUSR1. */
  drain(limitS: number): void;
}

/** A request that fits its row: each value is there and of its schema, unless it may be missing. */
export interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly query: { readonly limit?: number; readonly after?: string };
  /** The row casts it to what its schema says. */
  readonly body: unknown;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** What is answered; undefined when the row has written the reply itself. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

export interface AnswerKind {
  readonly description: string;
  /** Of the body; without one there is none. */
  readonly schema?: Schema;
  /** JSON unless it says otherwise. */
  readonly type?: string;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `{name}` for a part of the path, as OpenAPI has it. */
  readonly path: string;
  readonly operation: string;
  readonly summary: string;
  /** Whether it is answered without the token. */
  readonly open?: true;
  readonly params?: Readonly<Record<string, Schema>>;
  readonly query?: Readonly<Record<string, Schema>>;
  readonly body?: Schema;
  /** Without a body it is as with an empty one. */
  readonly bodyOptional?: true;
  readonly answers: Readonly<Record<number, AnswerKind>>;
  /** Statuses of refusals, beside those every row has. */
  readonly refusals?: readonly number[];
  handle(desk: Desk, asked: Asked): Answer | undefined | Promise<Answer | undefined>;
}
