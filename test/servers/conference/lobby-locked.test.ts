/** A moderator at the door: she lets people in one by one or all, sends them away, and ends it for all. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Leg } from "#sip/leg.ts";
import type { ConferenceCast, Person } from "../../support/conference-cast.ts";
import { asksConference } from "../../support/control-package.ts";
import { LobbyCast } from "../../support/lobby-cast.ts";
import { until, within } from "../../support/until.ts";

let scene: LobbyCast;
let cast: ConferenceCast;
let alice: Person;
let bob: Person;
let dora: Person;

beforeEach(async () => {
  scene = await LobbyCast.open();
  ({ cast, alice, bob, dora } = scene);
});

afterEach(() => scene.close());

describe("A lobby whose conference is locked", () => {
  beforeEach(async () => {
    await dora.joins("films");
    scene.films.setPolicy({ locked: true });
  });

  test("has newcomers wait although a moderator is there, until she lets them in", async () => {
    await scene.knocks(alice);
    await scene.knocks(bob);
    await scene.admitsAll();

    await scene.inside(3);
  });

  test("lets all of them in when it is unlocked", async () => {
    await scene.knocks(alice);
    scene.films.setPolicy({ locked: false });

    await scene.inside(2);
  });
});

describe("A moderator in the conference", () => {
  let doras: Leg;

  beforeEach(async () => {
    doras = await dora.joins("films");
    scene.films.setPolicy({ locked: true });
  });

  const letIn = (uri: string) =>
    `<users><user entity="${uri}" state="partial"><endpoint entity="x" state="partial"><status>connected</status></endpoint></user></users>`;
  const sendAway = (uri: string) => `<users><user entity="${uri}" state="deleted"/></users>`;

  test("lets somebody in by an INFO that says he is connected", async () => {
    await scene.knocks(alice);
    await scene.knocks(bob);
    await asksConference(doras, letIn(alice.uri));
    await scene.inside(2);

    await scene.waiting("bob");
  });

  test("sends somebody away by one that says he is not there, whether he waits or is in", async () => {
    const told = Promise.withResolvers<string>();
    await scene.knocks(alice, told.resolve);
    await asksConference(doras, sendAway(alice.uri));
    assert.match(await within(told.promise, "the refusal"), /did not let you in/);
    const removed = Promise.withResolvers<string>();
    await scene.knocks(bob, removed.resolve);
    await asksConference(doras, letIn(bob.uri));
    await scene.inside(2);
    await asksConference(doras, sendAway(bob.uri));

    assert.match(await within(removed.promise, "the end of his call"), /Removed from the conference/);
  });

  test("hears 404 about somebody who does not wait", async () => {
    await assert.rejects(asksConference(doras, letIn(alice.uri)), { status: 404 });
    await assert.rejects(asksConference(doras, sendAway(alice.uri)), { status: 404 });
  });

  test("ends it for all, those who wait and those who ring too", async () => {
    const told = [Promise.withResolvers<string>(), Promise.withResolvers<string>()] as const;
    await scene.knocks(alice, told[0].resolve);
    doras.handlers = { onEnded: told[1].resolve };
    bob.picksUp = false;
    const rings = doras.refer(bob.address);
    await until(() => bob.invites.length === 1, "bob's phone to ring");
    await asksConference(doras, "<conference-state><active>false</active></conference-state>");
    const reasons = await within(Promise.all(told.map(({ promise }) => promise)), "the end of both calls");

    for (const reason of reasons) assert.match(reason, /The moderator ended the conference/);
    assert.equal(await within(rings, "the end of the ringing"), 487);
    await until(() => cast.server.focus.members.size === 0, "nobody left");
    assert.equal(cast.server.focus.conferences.size, 0);
  });

  test("is no member who may not: others hear 403 and nothing happens", async () => {
    await scene.knocks(alice);
    scene.films.setPolicy({ lobby: false, locked: false });
    await scene.inside(2);
    const [alices] = [...alice.agent.legs()];
    assert.ok(alices);
    await assert.rejects(asksConference(alices, letIn(bob.uri)), { status: 403 });
    await assert.rejects(asksConference(alices, sendAway(dora.uri)), { status: 403 });
    const end = asksConference(alices, "<conference-state><active>false</active></conference-state>");

    await assert.rejects(end, { status: 403 });
    assert.equal(cast.count("films"), 2);
  });
});
