/** REFER within alice's call: the other end takes her along into a conference, and nowhere else. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Person } from "../support/conference-cast.ts";
import { HostCast } from "../support/host-cast.ts";
import { until } from "../support/until.ts";

let cast: HostCast;
let bob: Person;
let dave: Person;

beforeEach(async () => {
  cast = await HostCast.open();
  bob = await cast.person("bob");
  dave = await cast.person("dave");
});

afterEach(() => cast.close());

describe("The other end of alice's call", () => {
  let grace: Person;

  beforeEach(async () => {
    grace = await cast.person("grace");
    await cast.join(grace.address);
    cast.conference.ladder.clear();
  });

  const graces = () => {
    const [leg] = grace.calls;
    assert.ok(leg);
    return leg;
  };
  const states = () => cast.service.calls().map(({ id, state, focus }) => [id, state, focus]);

  test("takes her along into a conference: it is told that she came, then the old call ends", async () => {
    const films = grace.room("films");

    assert.equal(await graces().refer(films), 200);

    await until(() => grace.hungUp.length === 1, "the end of the old call");
    assert.deepEqual(states(), [[films, "active", true]]);
    assert.equal(cast.conference.count("films"), 1);
    assert.deepEqual(cast.conference.ladder.steps("service -> desk"), []);
  });

  test("does not take her to anybody else: that call is hung up, and she stays", async () => {
    assert.equal(await graces().refer(bob.address), 403);

    await until(() => bob.hungUp.length === 1, "the end of bob's call");
    assert.deepEqual(states(), [[grace.address, "active", false]]);
    assert.deepEqual(grace.hungUp, []);
  });

  test("has no number called, nor a call taken over", async () => {
    const replaces = { callId: "a", localTag: "b", remoteTag: "c" };

    await assert.rejects(graces().refer(`sip:+49900123@127.0.0.1:${bob.agent.port}`), { status: 603 });
    await assert.rejects(graces().refer(grace.room("films"), { replaces }), { status: 603 });
    await assert.rejects(graces().refer(bob.address, { method: "BYE" }), { status: 603 });
    assert.equal(bob.invites.length, 0);
  });

  test("leaves her where she is when the conference refuses", async () => {
    dave.picksUp = 503;

    assert.equal(await graces().refer(dave.address), 503);
    assert.deepEqual(states(), [[grace.address, "active", false]]);
  });

  test("alone may do that: a stranger's REFER gets 403", async () => {
    await assert.rejects(bob.agent.refer(cast.address, bob.room("films")), { status: 403 });
  });
});
