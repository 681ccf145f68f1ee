import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { InviteOptions, Leg } from "#sip/leg.ts";
import { formatRecipients } from "#sip/recipient-list.ts";
import { userLine } from "#sip/user-line.ts";
import { Moderators } from "../../../servers/conference/moderators.ts";
import { parseUsers } from "../../../servers/users.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { asksConference, mutes } from "../../support/control-package.ts";
import { until } from "../../support/until.ts";

/** A name nobody guesses: whoever opens it with a list of people is its moderator. */
const PRIVATE = "alice-0123456789abcdef";
const REALM = "films.example";
const INFO = "application/conference-info+xml";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;
let carol: Person;
let dora: Person;

beforeEach(async () => {
  const users = parseUsers(userLine("dora", REALM, "secret") ?? "");
  cast = await ConferenceCast.open({ moderators: new Moderators(["sip:dora@example.com"], users) });
  alice = await cast.person("alice");
  bob = await cast.person("bob");
  carol = await cast.person("carol");
  const servers = [cast.server.address];
  dora = await cast.person("dora", [{ realm: REALM, username: "dora", password: "secret", servers }]);
});

afterEach(() => cast.close());

/** Alice opens a conference of her own with bob in it. */
async function opens(people: readonly Person[] = [bob], options: InviteOptions = {}): Promise<Leg> {
  const leg = await alice.joins(PRIVATE, {
    ...options,
    parts: [formatRecipients(people.map(({ address }) => ({ uri: address })))],
    headers: { require: "recipient-list-invite" },
  });
  await until(() => cast.count(PRIVATE) === 1 + people.length, "those she listed");
  return leg;
}

function locks(leg: Leg, locked = true): Promise<void> {
  return asksConference(leg, `<conference-state><locked>${locked}</locked></conference-state>`);
}

/** Whether the mixer listens to the one who came as number `at` into the conference. */
const isHeard = (id: string, at: number) => cast.mixer.heard(id)[at]?.at(-1);

describe("Taking somebody out", () => {
  test("is for whoever had him called: his phone is hung up on, and told why", async () => {
    const alices = await alice.joins("films");
    await alices.refer(bob.address);

    assert.equal(await alices.refer(bob.address, { method: "BYE" }), 200);

    await until(() => bob.hungUp.length === 1, "the end of bob's call");
    assert.match(bob.hungUp[0] ?? "", /Removed from the conference/);
    assert.equal(cast.count("films"), 1);
  });

  test("is not for other members", async () => {
    const alices = await alice.joins("films");
    const carols = await carol.joins("films");
    await alices.refer(bob.address);

    await assert.rejects(carols.refer(bob.address, { method: "BYE" }), { status: 403 });
    await assert.rejects(carols.refer(alice.uri, { method: "BYE" }), { status: 403 });
    assert.equal(cast.count("films"), 3);
  });

  test("of somebody who is not there is 404", async () => {
    const alices = await alice.joins("films");

    await assert.rejects(alices.refer(bob.address, { method: "BYE" }), { status: 404 });
  });

  test("goes for a guest without a name by what the roster calls him", async () => {
    const alices = await opens();
    await carol.joins(PRIVATE, { from: { uri: "sip:anonymous@anonymous.invalid" } });
    const watch = alice.watches(PRIVATE, { by: alices });
    await watch.heard(1);
    const guest = /sip:anon-[^"]+/.exec(JSON.stringify(watch.last))?.[0];

    assert.equal(await alices.refer(guest as `sip:${string}`, { method: "BYE" }), 200);

    await until(() => cast.count(PRIVATE) === 2, "the guest gone");
  });
});

describe("Whoever opens a conference of their own with a list of people", () => {
  test("is listed as its moderator and takes out anybody", async () => {
    const alices = await opens();
    const watch = alice.watches(PRIVATE, { by: alices });
    await watch.heard(1);
    await carol.joins(PRIVATE);

    assert.match(JSON.stringify(watch.last), /"name":"entry".*?"text":"moderator"/);
    assert.equal(await alices.refer(carol.uri, { method: "BYE" }), 200);
  });

  test("stays it when she goes on in another call", async () => {
    const alices = await opens();
    const second = await alice.joins(PRIVATE, { replaces: alices.id });

    await locks(second);
    assert.equal(cast.server.focus.conferences.get(PRIVATE)?.locked, true);
  });

  test("is nobody special in a conference anybody can name", async () => {
    const parts = [formatRecipients([{ uri: bob.address }])];
    const alices = await alice.joins("films", { parts });
    await until(() => cast.count("films") === 2, "bob");

    await assert.rejects(locks(alices), { status: 403 });
  });

  test("is not made it by coming second", async () => {
    await opens();
    const parts = [formatRecipients([{ uri: dora.address }])];
    const carols = await carol.joins(PRIVATE, { parts });
    await until(() => cast.count(PRIVATE) === 4, "dora");

    await assert.rejects(locks(carols), { status: 403 });
  });
});

describe("A locked conference", () => {
  test("lets nobody in, says why, and shows it in the roster", async () => {
    const alices = await opens();
    const watch = alice.watches(PRIVATE, { by: alices });
    await watch.heard(1);
    await locks(alices);
    await watch.heard(2);

    await assert.rejects(carol.joins(PRIVATE), { status: 403, reason: "The Conference Is Locked" });
    assert.match(JSON.stringify(watch.last), /"name":"locked".*?"text":"true"/);
    await locks(alices, false);
    await carol.joins(PRIVATE);
  });

  test("lets no member bring anybody in, but its moderator may", async () => {
    const alices = await opens();
    await locks(alices);
    const [bobs] = bob.calls;

    await assert.rejects(bobs?.refer(carol.address) ?? Promise.resolve(), { status: 403 });
    assert.equal(await alices.refer(carol.address), 200);
  });

  test("lets those go on who are in and call anew in the place of their call", async () => {
    const alices = await opens();
    const carols = await carol.joins(PRIVATE);
    await locks(alices);

    await carol.joins(PRIVATE, { replaces: carols.id });
    await until(() => cast.count(PRIVATE) === 3, "three in the conference");
  });

  test("lets nobody move into it", async () => {
    const alices = await opens();
    const carols = await carol.joins("films");
    await locks(alices);

    await assert.rejects(carol.joins(PRIVATE, { replaces: carols.id }), { status: 403 });
    assert.equal(cast.count("films"), 1);
  });
});

describe("Muting somebody else", () => {
  test("has the mixer listen to him no longer; his phone is not asked, and he is listed as muted", async () => {
    const alices = await opens();
    const watch = alice.watches(PRIVATE, { by: alices });
    await watch.heard(1);
    cast.ladder.clear();
    await mutes(alices, bob.address);
    await watch.heard(2);

    assert.equal(isHeard(PRIVATE, 1), false);
    assert.match(JSON.stringify(watch.last), /muted-via-focus/);
    assert.match(watch.users()[0] ?? "", /recvonly/);
    assert.deepEqual(cast.ladder.steps("conference -> bob"), []);
    await mutes(alices, bob.address, false);
    await until(() => isHeard(PRIVATE, 1) === true, "bob heard again");
  });

  test("lasts through a re-INVITE of the phone and a new call in the place of the old one", async () => {
    const alices = await opens();
    const carols = await carol.joins(PRIVATE);
    await mutes(alices, carol.uri);
    await until(() => isHeard(PRIVATE, 2) === false, "carol muted");

    const answer = await carols.offer(carol.offer);
    assert.equal(readAudio(answer)?.direction, "sendrecv");
    assert.equal(isHeard(PRIVATE, 2), false);
    await carol.joins(PRIVATE, { replaces: carols.id });
    await until(() => isHeard(PRIVATE, 2) === false, "carol muted in her new call");
  });

  test("is not for members, but for what is their own", async () => {
    await opens();
    const carols = await carol.joins(PRIVATE);

    await assert.rejects(mutes(carols, bob.address), { status: 403 });
    await assert.rejects(mutes(carols, "sip:nobody@example.com"), { status: 404 });
    await mutes(carols, carol.uri);
    await until(() => isHeard(PRIVATE, 2) === false, "carol muted");
  });

  test("in words that are none is refused with 400", async () => {
    const alices = await opens();

    await assert.rejects(asksConference(alices, ""), { status: 400 });
    await assert.rejects(alices.info("conference-control", { type: INFO, content: "<a>" }), { status: 400 });
    await assert.rejects(alices.info("conference-control"), { status: 400 });
  });
});

describe("A configured moderator", () => {
  test("may do all in every conference, once the server believes that she is the one", async () => {
    await alice.joins("films");
    const doras = await dora.joins("films");

    await locks(doras);
    assert.equal(await doras.refer(alice.uri, { method: "BYE" }), 200);
  });

  test("need not be in it: a REFER from outside is enough", async () => {
    await alice.joins("films");

    const final = await dora.agent.refer(dora.room("films"), bob.address, { from: { uri: dora.uri } });

    assert.equal(final, 200);
    assert.equal(cast.count("films"), 2);
  });

  test("is not whoever says so without the password: neither in a call nor by REFER", async () => {
    await alice.joins("films");
    const from = { uri: dora.uri };

    await assert.rejects(carol.joins("films", { from }), { status: 401 });
    await assert.rejects(carol.agent.refer(carol.room("films"), bob.address, { from }), { status: 401 });
    assert.equal(cast.count("films"), 1);
  });
});
