/** A conference server with its control API, asked over HTTP; each answer is held against the OpenAPI document. */
import assert from "node:assert/strict";
import { Admin } from "../../servers/conference/admin.ts";
import type { MixerState } from "../../servers/conference/control-api/health.ts";
import {
  type ControlApi,
  type ControlApiOptions,
  openControlApi,
} from "../../servers/conference/control-api/server.ts";
import { type CastOptions, ConferenceCast } from "./conference-cast.ts";
import { EventReader } from "./event-reader.ts";
import { type OpenApi, readDocument } from "./openapi.ts";

export const TOKEN = "a-token-for-tests-0123456789";

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // The tests say what they expect to be there; the OpenAPI document has been asked whether it is.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any;
}

interface Asking {
  readonly body?: unknown;
  /** As it goes over the wire, in place of `body`. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string | undefined;
}

type ApiOptions = Partial<Pick<ControlApiOptions, "pace" | "patienceMs" | "heartbeatMs" | "mostWaiting">>;

export class ControlCast {
  readonly cast: ConferenceCast;
  readonly admin: Admin;
  readonly api: ControlApi;
  readonly document: OpenApi;
  /** What the server was told to drain within, seconds. */
  readonly drains: number[] = [];
  /** What the health is made of. */
  mixers: readonly MixerState[] = [{ uri: "sip:127.0.0.1:5090", up: true }];
  /** What was logged as a mistake. */
  readonly errors: unknown[] = [];

  private constructor(cast: ConferenceCast, admin: Admin, made: { api: ControlApi; document: OpenApi }) {
    this.cast = cast;
    this.admin = admin;
    this.api = made.api;
    this.document = made.document;
  }

  static async open(options: CastOptions & ApiOptions = {}): Promise<ControlCast> {
    const cast = await ConferenceCast.open(options);
    const host = cast.server.address.slice("sip:".length);
    const admin = new Admin({ focus: cast.server.focus, entity: (id) => `sip:${id}@${host}` });
    const api = await openControlApi({
      host: "127.0.0.1",
      port: 0,
      admin,
      token: TOKEN,
      mixers: () => self.mixers,
      metrics: async () => "partyline_up 1\n",
      drain: (limitS) => {
        self.drains.push(limitS);
        admin.drain({ limitMs: limitS * 1000, onDrained: () => undefined });
      },
      log: { info() {}, error: (...what: unknown[]) => void self.errors.push(what) },
      ...options,
    });
    const document = await readDocument(`${api.address}/openapi.json`);
    const self = new ControlCast(cast, admin, { api, document });
    return self;
  }

  /** Asks with the token; the answer has to be one that the document describes. */
  async asks(method: string, path: string, asking: Asking = {}): Promise<Told> {
    const { body, raw = body === undefined ? undefined : JSON.stringify(body), headers = {} } = asking;
    const token = "token" in asking ? asking.token : TOKEN;
    const response = await fetch(`${this.api.address}${path}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(raw !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(raw !== undefined && { body: raw }),
    });
    const text = await response.text();
    const told = { status: response.status, headers: response.headers, text, body: parsed(text) };
    this.document.check(method, path, told);
    return told;
  }

  /** The same, and the value of an answer that is no refusal. */
  async gets(method: string, path: string, body?: unknown): Promise<Told["body"]> {
    const told = await this.asks(method, path, { body });
    assert.ok(told.status < 300, `${method} ${path}: ${told.status} ${told.text}`);
    return told.body;
  }

  /** The id of somebody in a conference, by name. */
  async idOf(conference: string, name: string): Promise<string> {
    const { participants } = await this.gets("GET", `/conferences/${conference}/participants`);
    const found = participants.find((one: { name: string }) => one.name === name);
    assert.ok(found, `${name} is not in ${conference}`);
    return found.id;
  }

  /** Follows the events, from behind the one heard last. */
  follows(lastHeard?: string): Promise<EventReader> {
    return EventReader.open(`${this.api.address}/events`, TOKEN, lastHeard);
  }

  async close(): Promise<void> {
    this.admin.close();
    await this.api.close();
    await this.cast.close();
    assert.deepEqual(this.errors, []);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
