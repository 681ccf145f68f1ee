import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import type { Leg } from "#sip/leg.ts";
import type { SipMessage } from "#sip/message.ts";
import type { UserAgent } from "#sip/user-agent.ts";
import { MixerPool } from "../../../servers/conference/mixer-pool.ts";
import { pass } from "../../support/clock.ts";
import { answerAt, offerAt, settled } from "../../support/descriptions.ts";
import { FakeNet } from "../../support/fake-stack.ts";

/** From one question to the next, and how long the answer is waited for. */
const [EVERY_MS, PATIENCE_MS] = [1_000, 1_750];

const log = { info: () => undefined, error: () => undefined };
let net: FakeNet;
let focus: UserAgent;
let pool: MixerPool;
/** What a mixer of that name answers orders with, if not 200. */
let refusals: Record<string, number | "silence">;
let ended: string[];

/** A mixer of that name, which knows nothing of one that had it before. */
function startMixer(name: string): Promise<UserAgent> {
  return net.agent(name, {
    onInvite: (invite) => {
      const refusal = refusals[name];
      if (typeof refusal === "number") invite.reject(refusal);
      else if (refusal === undefined) invite.accept(answerAt(4_000, invite.offer ?? ""));
    },
  });
}

/** A leg in this conference; `ended` has the name when the mixer is gone. */
async function order(id: string, name = id): Promise<Leg> {
  const { leg } = await pool.order(id, { offer: offerAt(5_000) });
  leg.handlers = { onEnded: () => void ended.push(name) };
  return leg;
}

const at = ({ peer }: Leg): string => peer.uri.split("@")[1] ?? "";
const states = () => pool.mixers.map(({ up, legs }) => `${up ? "up" : "down"} ${legs}`);

async function later(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 250) {
    pass(Math.min(left, 250));
    await settled();
    await settled();
  }
}

/** Nothing comes from this mixer, or to it. */
function dies(name: string, what: (message: SipMessage) => boolean = () => true): void {
  net.lose = (message, from, to) => (from === name || to === name) && what(message);
}

beforeEach(async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  net = new FakeNet();
  refusals = {};
  ended = [];
  focus = await net.agent("focus");
  for (const name of ["one", "two"]) await startMixer(name);
  const ask = (uri: `sip:${string}` | `sips:${string}`) => focus.request("OPTIONS", uri);
  pool = new MixerPool({ mixers: ["sip:one", "sip:two"], caller: focus, ask, log });
});

afterEach(() => {
  pool.close();
  mock.timers.reset();
});

describe("A mixer that says nothing", () => {
  test("is down in less than three seconds: its legs end, and their conference begins anew at the other one", async () => {
    const leg = await order("films");
    await order("films", "films too");
    assert.deepEqual(states(), ["up 2", "up 0"]);
    dies(at(leg));
    await later(EVERY_MS + PATIENCE_MS);

    assert.deepEqual(ended, ["films", "films too"]);
    assert.deepEqual(states(), ["down 0", "up 0"]);
    assert.deepEqual([at(await order("films")), at(await order("games"))], ["two", "two"]);
  });

  test("is asked on, and takes conferences again when it answers", async () => {
    await order("films");
    dies("one");
    await later(EVERY_MS + PATIENCE_MS);
    net.lose = () => false;
    await later(1_000);

    assert.deepEqual(states(), ["up 0", "up 0"]);
    assert.equal(at(await order("films")), "one");
  });

  test("leaves an order that waits for it to the other one", async () => {
    dies("one");
    const ordered = order("films");
    await later(EVERY_MS + PATIENCE_MS);

    assert.equal(at(await ordered), "two");
  });

  test("and is the only one, refuses at once", async () => {
    net.lose = (message) => "method" in message && message.method !== "ACK";
    await later(EVERY_MS + PATIENCE_MS);

    await assert.rejects(order("films"), { status: 503 });
    assert.equal(pool.alive, false);
  });

  test("to questions, but takes orders, is busy and not down", async () => {
    const leg = await order("films");
    dies("one", ({ headers }) => headers.cseq.method === "OPTIONS");
    await later(EVERY_MS + 500);
    await order("films");
    await later(PATIENCE_MS - 500);

    assert.deepEqual(states(), ["up 2", "up 0"]);
    assert.equal(leg.state, "confirmed");
  });
});

describe("A mixer that was started anew", () => {
  test("before anybody missed it, is found out by the first question: all of its legs end", async () => {
    for (const name of ["alice", "bob", "carol"]) await order("films", name);
    await startMixer("one");
    await later(EVERY_MS);

    assert.deepEqual(ended, ["alice", "bob", "carol"]);
    assert.deepEqual(states(), ["up 0", "up 0"]);
  });
});

describe("A mixer that refuses", () => {
  test("does not get a conference that another one takes", async () => {
    refusals = { one: 503 };

    assert.deepEqual([at(await order("films")), at(await order("films"))], ["two", "two"]);
  });

  test("refuses whoever comes to those who are there: a conference is at one mixer", async () => {
    await order("films");
    refusals = { one: 503 };

    await assert.rejects(order("films"), { status: 503 });
    assert.deepEqual(states(), ["up 1", "up 0"]);
  });

  test("because of the media is believed", async () => {
    refusals = { one: 488 };

    await assert.rejects(order("films"), { status: 488 });
    assert.deepEqual(states(), ["up 0", "up 0"]);
  });
});

test("Conferences that all begin at once are spread over the mixers", async () => {
  const rooms = ["films", "games", "news", "songs"];
  await Promise.all(rooms.map((room) => order(room)));

  assert.deepEqual(states(), ["up 2", "up 2"]);
});

test("A caller who gives up while a mixer thinks gets nothing, at either mixer", async () => {
  refusals = { one: "silence" };
  const cancel = new AbortController();
  const ordered = pool.order("films", { offer: offerAt(5_000), signal: cancel.signal });
  await settled();
  cancel.abort();

  await assert.rejects(ordered, { status: 487 });
  assert.deepEqual(states(), ["up 0", "up 0"]);
});
