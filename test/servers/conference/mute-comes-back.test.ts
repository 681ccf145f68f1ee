import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Leg } from "#sip/leg.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { participantOf } from "../../support/participant-of.ts";
import { until } from "../../support/until.ts";

let cast: ConferenceCast;
let bob: Person;
let alices: Leg;
let bobs: Leg;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  const alice = await cast.person("alice");
  bob = await cast.person("bob");
  alices = await alice.joins("films");
  bobs = await calls("films");
  await asSeen().silence(true, "moderator");
});

afterEach(() => cast.close());

const asSeen = () => participantOf(cast.server, bobs);

/** Bob calls, by the name that he can be called by himself, and maybe in the place of another call. */
const calls = (id: string, replaces?: Leg) =>
  bob.joins(id, { from: { uri: bob.address }, ...(replaces && { replaces: replaces.id }) });

/** Whether bob, who is the last to have come there, was ever heard. */
const wasHeard = (id: string) => cast.mixer.heard(id).at(-1)?.includes(true);

async function leaves(): Promise<void> {
  await bobs.bye();
  await until(() => cast.count("films") === 1, "bob gone");
}

describe("Whom a moderator has muted", () => {
  test("comes back muted when he hangs up and calls again: not heard from the first moment on", async () => {
    await leaves();
    bobs = await calls("films");
    await assert.rejects(asSeen().silence(false, "self"), { status: 403 });

    assert.equal(wasHeard("films"), false);
    await asSeen().silence(false, "moderator");
    assert.equal(wasHeard("films"), true);
  });

  test("comes back muted when a member has him called in: his media are silent when the mixer gets them", async () => {
    await leaves();
    assert.equal(await alices.refer(bob.address), 200);
    const [call] = bob.calls;
    assert.ok(call);
    bobs = call;
    await assert.rejects(asSeen().silence(false, "self"), { status: 403 });

    assert.equal(wasHeard("films"), false);
  });

  test("is not heard by a second call of his either", async () => {
    bobs = await calls("films");

    assert.equal(asSeen().silenced, true);
    assert.equal(wasHeard("films"), false);
  });

  test("comes back so by way of another conference, where he may lift it", async () => {
    bobs = await calls("dramas", bobs);
    await asSeen().silence(false, "self");
    assert.equal(wasHeard("dramas"), true);
    bobs = await calls("films", bobs);

    assert.equal(asSeen().silenced, true);
    await assert.rejects(asSeen().silence(false, "self"), { status: 403 });
  });

  test("and was let speak again before he left, comes back heard", async () => {
    await asSeen().silence(false, "moderator");
    await leaves();
    bobs = await calls("films");

    assert.equal(asSeen().silenced, false);
    assert.equal(wasHeard("films"), true);
  });

  test("does not silence others: those at another address, or without a name", async () => {
    await leaves();
    bobs = await bob.joins("films", { from: { uri: "sip:anonymous@anonymous.invalid" } });

    assert.equal(asSeen().silenced, false);
  });
});

test("Whoever has muted himself comes back heard", async () => {
  await asSeen().silence(false, "moderator");
  await asSeen().silence(true, "self");
  await leaves();
  bobs = await calls("films");

  assert.equal(asSeen().silenced, false);
});
