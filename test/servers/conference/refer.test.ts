import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";

let cast: ConferenceCast;
let alice: Person;
let mallory: Person;

beforeEach(async () => {
  cast = await ConferenceCast.open({ limits: { conferences: 2, participants: 2, subscriptionsEach: 2 } });
  alice = await cast.person("alice");
  mallory = await cast.person("mallory");
});

afterEach(() => cast.close());

describe("A REFER to the conference", () => {
  test("of a stranger is refused with 403, whether there is a conference or not", async () => {
    await alice.joins("films");

    const films = mallory.agent.refer(mallory.room("films"), "sip:bob@127.0.0.1", {
      from: { uri: mallory.uri },
    });
    const dramas = mallory.agent.refer(mallory.room("dramas"), "sip:bob@127.0.0.1");

    await assert.rejects(films, { status: 403 });
    await assert.rejects(dramas, { status: 403 });
  });

  test("of a stranger who says that he is alice is refused with 403", async () => {
    await alice.joins("films");
    const guessed = { callId: "guessed", localTag: "one", remoteTag: "another" };
    // The same From and the same machine: enough to look at the roster, not to have somebody called.
    const from = { uri: alice.uri };

    const films = mallory.agent.refer(mallory.room("films"), "sip:bob@127.0.0.1", {
      from,
      targetDialog: guessed,
    });

    await assert.rejects(films, { status: 403 });
  });

  test("of a member of another conference is refused with 403", async () => {
    await alice.joins("films");
    const mallorys = await mallory.joins("dramas");

    const films = mallory.agent.refer(mallory.room("films"), "sip:bob@127.0.0.1", {
      from: { uri: mallory.uri },
      targetDialog: { callId: "none", localTag: "a", remoteTag: "b" },
    });

    await assert.rejects(films, { status: 403 });
    assert.equal(mallorys.state, "confirmed");
  });

  test("of whoever has left is refused with 403", async () => {
    await mallory.joins("films");
    const alices = await alice.joins("films");
    await alices.bye();

    await assert.rejects(
      alice.agent.refer(alice.room("films"), "sip:bob@127.0.0.1", { targetDialog: alices.id }),
      { status: 403 },
    );
  });
});

describe("OPTIONS to the conference", () => {
  test("says what an INVITE would get: a call, no such conference, or no room", async () => {
    const ask = async (id: string) => (await alice.agent.request("OPTIONS", alice.room(id))).status;
    assert.deepEqual(await Promise.all([ask("films"), ask("-films")]), [200, 404]);
    await alice.joins("films");
    await mallory.joins("films");

    const { status, headers } = await alice.agent.request("OPTIONS", alice.room("films"));

    assert.equal(status, 503);
    assert.equal(headers["allow-events"], "conference");
    assert.equal((await alice.agent.request("OPTIONS", cast.server.address)).status, 200);
  });
});
