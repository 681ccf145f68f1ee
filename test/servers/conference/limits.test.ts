/** Who comes when there is no room, or too fast, is told to come again later (RFC 3261 §21.5.4). */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { formatRecipients } from "#sip/recipient-list.ts";
import { SipError } from "#sip/sip-error.ts";
import type { Limits } from "../../../servers/conference/capacity.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { until } from "../../support/until.ts";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;

async function opens(limits: Partial<Limits> = {}): Promise<void> {
  cast = await ConferenceCast.open({ limits });
  alice = await cast.person("alice");
  bob = await cast.person("bob");
}

afterEach(() => cast.close());

/** What a call was refused with, and when it may be tried again. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "let in";
  } catch (cause) {
    assert.ok(cause instanceof SipError);
    return `${cause.status} ${cause.reason}, ${cause.response?.headers["retry-after"]} s`;
  }
}

const nobody = { messagesPerSecond: 0.001, burst: 0 };
const two = { messagesPerSecond: 0.001, burst: 2 };

describe("A conference that has room for two", () => {
  test("takes no third caller; when one has left it does", async () => {
    await opens();
    cast.server.focus.policies.change("films", { capacity: 2 });
    const alices = await alice.joins("films");
    await bob.joins("films");

    assert.equal(await refusal(bob.joins("films")), "503 The Conference Is Full, 10 s");
    assert.equal((await bob.agent.request("OPTIONS", bob.room("films"))).status, 503);
    await bob.joins("dramas");
    await alices.bye();
    await until(() => cast.count("films") === 1, "alice gone");
    await bob.joins("films");
  });

  test("takes no more of those who come at once", async () => {
    await opens();
    cast.server.focus.policies.change("films", { capacity: 2 });
    const calls = await Promise.allSettled([1, 2, 3, 4, 5].map(() => alice.joins("films")));

    assert.equal(calls.filter(({ status }) => status === "fulfilled").length, 2);
    assert.equal(cast.count("films"), 2);
    await until(() => cast.mixer.legs("films").length === 2, "two legs at the mixer");
  });

  test("has nobody more called in, or moved there, but a call may take the place of another", async () => {
    await opens();
    cast.server.focus.policies.change("films", { capacity: 2 });
    const alices = await alice.joins("films");
    await bob.joins("films");
    const inDramas = await bob.joins("dramas");

    assert.match(await refusal(alices.refer(bob.address)), /^503 /);
    assert.match(await refusal(bob.joins("films", { replaces: inDramas.id })), /^503 /);
    await assert.rejects(cast.server.focus.mover.move(cast.participant(inDramas), "films"), { status: 503 });
    const parts = [formatRecipients([{ uri: alice.address }, { uri: bob.address }])];
    cast.server.focus.policies.change("news", { capacity: 2 });
    await alice.joins("news", { parts, headers: { require: "recipient-list-invite" } });
    await until(() => cast.count("news") === 2, "one of the two");
    assert.equal(alice.invites.length + bob.invites.length, 1);
    assert.equal(inDramas.state, "confirmed");
    await alice.joins("films", { replaces: alices.id });
    assert.equal(cast.count("films"), 2);
  });
});

describe("A server that takes two calls a moment", () => {
  test("from one address refuses that address the third, whichever conference it calls", async () => {
    await opens({ joinsEach: two });
    await alice.joins("films");
    await alice.joins("dramas");

    assert.equal(await refusal(alice.joins("news")), "503 Too Many Calls, 10 s");
    assert.equal(await refusal(alice.joins("factory")), "503 Too Many Calls, 10 s");
    assert.equal(cast.server.focus.conferences.size, 2);
  });

  test("in all refuses everybody the third; who is in goes on, and may have people called", async () => {
    await opens({ joinsInAll: two });
    const alices = await alice.joins("films");
    await bob.joins("films");

    assert.equal(await refusal(bob.joins("films")), "503 Too Many Calls, 10 s");
    assert.equal(await alices.refer(bob.address), 200);
    assert.equal(cast.count("films"), 3);
  });

  test("and then none lets in nobody, and takes a call again as time goes by", async () => {
    await opens({ joinsEach: nobody });
    assert.equal(await refusal(alice.joins("films")), "503 Too Many Calls, 10 s");
    await cast.close();
    await opens({ joinsEach: { messagesPerSecond: 20, burst: 1 } });
    await alice.joins("films");
    await until(async () => (await refusal(alice.joins("films"))) === "let in", "the next second");
  });
});
