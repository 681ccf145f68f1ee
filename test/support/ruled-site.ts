/** A conference server and its mixer, each a process of its own, and the control API that rules them. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { PolicyChange } from "../../servers/conference/policy.ts";
import { type ConferenceSite, startConference, startMixer } from "./servers.ts";
import { until } from "./until.ts";

/** Who looks often is told to wait. */
const TOO_MANY = 429;
const ASK_AGAIN_MS = 200;

/** Somebody who is in a conference or waits, as the control API tells it. */
export interface Listed {
  readonly id: string;
  readonly uri: string;
  readonly status: string;
}

export interface RuledSite extends ConferenceSite {
  /** Asks the control API; throws what it refused. */
  orders(method: string, path: string, body?: object): Promise<unknown>;
  setUp(conference: string, change: PolicyChange): Promise<unknown>;
  /** Resolves as soon as the control API lists somebody of that URI, in that state. */
  lists(conference: string, uri: string, state?: Partial<Listed>): Promise<Listed>;
  /** Resolves as soon as so many are in. */
  counts(conference: string, participants: number): Promise<void>;
  /** Resolves when nobody is in any conference, nor waits, nor is called. */
  isEmpty(): Promise<void>;
}

export async function startRuledSite(args: readonly string[] = []): Promise<RuledSite> {
  const folder = await mkdtemp(join(tmpdir(), "partyline-ruled-"));
  const file = join(folder, "control-token");
  const mixer = await startMixer();
  const conference = await startConference(mixer, { args: ["--control-token", file, ...args] });
  const [, api = ""] = await conference.program.says(/control API and operators' page at (http:[^"]+)"/);
  const token = (await readFile(file, "utf8")).trim();
  const orders = async (method: string, path: string, body?: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
    const asked = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const told = await fetch(`${api}${path}`, asked);
    if (told.status === TOO_MANY) {
      await setTimeout(ASK_AGAIN_MS);
      return orders(method, path, body);
    }
    const text = await told.text();
    assert.ok(told.ok, `${method} ${path}: ${told.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  return {
    mixer,
    conference,
    room: (name) => `sip:${name}@${conference.host}:${conference.port}`,
    orders,
    setUp: (id, change) => orders("PUT", `/conferences/${id}/policy`, change),
    async lists(id, uri, state = {}) {
      const wanted = Object.entries({ uri, ...state });
      const is = (one: Listed) => wanted.every(([name, value]) => one[name as keyof Listed] === value);
      let found: Listed | undefined;
      await until(
        async () => {
          // Before anybody comes there is no such conference.
          const answer = await orders("GET", `/conferences/${id}/participants`).catch(() => undefined);
          found = (answer as { participants: Listed[] } | undefined)?.participants.find(is);
          return found !== undefined;
        },
        `${uri} ${JSON.stringify(state)} in ${id}`,
      );
      assert.ok(found);
      return found;
    },
    counts: (id, count) =>
      until(async () => {
        const answer = await orders("GET", `/conferences/${id}`).catch(() => undefined);
        return (answer as { participants: number } | undefined)?.participants === count;
      }, `${count} in ${id}`),
    isEmpty: () =>
      until(async () => {
        const answer = await orders("GET", "/conferences?limit=1000");
        return !(answer as { conferences: { held: boolean }[] }).conferences.some(({ held }) => held);
      }, "nobody in any conference"),
    async stop() {
      await conference.stop();
      await mixer.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
