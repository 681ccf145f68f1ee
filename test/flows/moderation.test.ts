/** Who may lock a conference, mute others and take them out, and what they hear of it. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Person } from "../support/conference-cast.ts";
import { HostCast } from "../support/host-cast.ts";
import { until } from "../support/until.ts";

let cast: HostCast;
let bob: Person;
let carol: Person;

beforeEach(async () => {
  cast = await HostCast.open();
  bob = await cast.person("bob");
  carol = await cast.person("carol");
});

afterEach(() => cast.close());

describe("In a conference of her own alice", () => {
  beforeEach(async () => {
    await cast.invite([bob], { device: "desk" });
    await cast.holds(2);
  });

  test("takes bob out again", async () => {
    await cast.service.remove({ ...cast.which(), users: [bob.address] });

    await until(() => bob.hungUp.length === 1, "the end of bob's call");
    assert.match(bob.hungUp[0] ?? "", /Removed/);
  });

  test("locks it: carol is refused; unlocks it: carol comes in", async () => {
    const rosters: (boolean | undefined)[] = [];
    cast.service.subscribe("roster", { client: "k1" }, (event) => {
      if (event.name === "Roster") rosters.push(event.roster.locked);
    });
    await cast.service.lock({ ...cast.which(), locked: true });
    await until(() => rosters.at(-1) === true, "the roster locked");

    await assert.rejects(carol.joins(cast.room), { status: 403 });
    await cast.service.lock({ ...cast.which(), locked: false });
    await carol.joins(cast.room);
  });

  test("mutes bob, who is listed so, and lets him be heard again", async () => {
    const listed: (boolean | undefined)[] = [];
    cast.service.subscribe("roster", { client: "k1" }, (event) => {
      if (event.name !== "Roster") return;
      const bobs = event.roster.users.find(({ me }) => !me);
      if (bobs) listed.push(bobs.endpoints[0]?.muted);
    });
    // What the mixer was told of bob's leg, the second one, last.
    const isHeard = () => cast.conference.mixer.heard(cast.room)[1]?.at(-1);
    await cast.service.muteUser({ ...cast.which(), user: bob.address, muted: true });
    await until(() => isHeard() === false, "bob silent");
    await until(() => listed.at(-1) === true, "bob listed as muted");
    await cast.service.muteUser({ ...cast.which(), user: bob.address, muted: false });
    await until(() => isHeard() === true, "bob heard");
    await until(() => listed.at(-1) === false, "bob listed as heard");
  });

  test("is told when nobody of that name is there", async () => {
    const which = cast.which();

    await assert.rejects(cast.service.remove({ ...which, users: [carol.address] }), { code: "not-found" });
    await assert.rejects(cast.service.muteUser({ ...which, user: carol.address, muted: true }), {
      code: "not-found",
    });
  });
});

describe("Elsewhere alice", () => {
  test("may not lock, mute or take out others where she is a member like any other", async () => {
    await cast.join(cast.desk.room("films"));
    await carol.joins("films");
    const which = cast.which();

    await assert.rejects(cast.service.lock({ ...which, locked: true }), { code: "forbidden" });
    await assert.rejects(cast.service.remove({ ...which, users: [carol.uri] }), { code: "forbidden" });
    await assert.rejects(cast.service.muteUser({ ...which, user: carol.uri, muted: true }), {
      code: "forbidden",
    });
  });

  test("has nothing to lock in a call between two, nor without a call", async () => {
    const which = cast.which();
    await assert.rejects(cast.service.lock({ ...which, locked: true }), { code: "no-active-call" });
    await cast.join(bob.address);

    await assert.rejects(cast.service.lock({ ...which, locked: true }), { code: "no-control" });
    await assert.rejects(cast.service.remove({ ...which, users: [bob.uri] }), { code: "no-control" });
  });
});
