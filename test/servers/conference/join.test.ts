/** An INVITE that names somebody's call joins the conference of that call (RFC 3911). */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { formatJoin } from "#sip/join.ts";
import type { DialogId, Leg } from "#sip/leg.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { until } from "../../support/until.ts";

const SECRET = "alice-0123456789abcdef0123456789abcdef";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;
let alices: Leg;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
  bob = await cast.person("bob");
  alices = await alice.joins(SECRET);
});

afterEach(() => cast.close());

/** Bob has been told of a call, and calls its other end. */
function joins(dialog: DialogId, headers: Record<string, string> = {}, at = "anything"): Promise<Leg> {
  return bob.joins(at, { headers: { join: formatJoin(dialog), require: "join", ...headers } });
}

describe("INVITE with Join", () => {
  test("that names alice's call brings bob into her conference, whatever it is sent to", async () => {
    const bobs = await joins(alices.id);

    assert.equal(cast.count(SECRET), 2);
    assert.equal(cast.mixer.ports(SECRET).length, 2);
    assert.equal(bobs.remoteContact.uri, bob.room(SECRET));
    assert.ok("isfocus" in bobs.remoteContact.params);
    assert.ok(bobs.supports.has("join"));
    assert.equal(alices.state, "confirmed");
  });

  test("has bob listed as one who called in", async () => {
    const watch = alice.watches(SECRET, { by: alices });
    await watch.heard(1);
    const bobs = await joins(alices.id);
    await watch.heard(2);

    assert.deepEqual(watch.users(), ["bob full sendrecv"]);
    assert.equal(cast.participant(bobs).standing.method, "dialed-in");
  });

  test("that names no call of ours is refused with 481", async () => {
    await assert.rejects(joins({ ...alices.id, callId: "no-such-call" }), { status: 481 });
    await assert.rejects(joins({ ...alices.id, localTag: "guessed" }), { status: 481 });
  });

  test("that names a call which is over is refused with 481", async () => {
    await alices.bye();
    await until(() => cast.count(SECRET) === 0, "the end of the conference");

    await assert.rejects(joins(alices.id), { status: 481 });
    assert.equal(cast.server.focus.conferences.size, 0);
  });

  test("that names a leg to the mixer is refused with 481", async () => {
    const [mixed] = cast.mixer.legs(SECRET);
    assert.ok(mixed);

    await assert.rejects(joins(mixed.id), { status: 481 });
  });

  test("into a conference that is locked is refused with 403", async () => {
    cast.server.focus.conferences.get(SECRET)?.setPolicy({ locked: true });

    await assert.rejects(joins(alices.id), { status: 403, reason: "The Conference Is Locked" });
  });

  test("into a conference with a token is refused with 403, for knowing a call is not knowing the token", async () => {
    cast.server.focus.conferences.get(SECRET)?.setPolicy({ tokens: ["open-sesame"] });

    await assert.rejects(joins(alices.id), { status: 403 });
    assert.equal(cast.count(SECRET), 1);
  });

  test("and Replaces at once, or one that cannot be read, is refused with 400", async () => {
    const replaces = formatJoin(alices.id);

    await assert.rejects(joins(alices.id, { replaces, require: "join, replaces" }), { status: 400 });
    await assert.rejects(joins(alices.id, { join: "no-tags" }), { status: 400 });
    assert.equal(cast.count(SECRET), 1);
  });

  test("when the mixer refuses leaves alice alone and undisturbed", async () => {
    cast.mixer.refusing = 486;

    await assert.rejects(joins(alices.id), { status: 503 });
    assert.equal(cast.count(SECRET), 1);
    assert.equal(alices.state, "confirmed");
  });

  test("to a phone, which joins nothing, is refused with 420", async () => {
    const call = alice.agent.invite(bob.address, {
      offer: alice.offer,
      headers: { join: formatJoin(alices.id), require: "join" },
    });

    await assert.rejects(call, { status: 420 });
  });
});
