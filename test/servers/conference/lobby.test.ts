/** Newcomers wait until a moderator is there, or lets them in. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { Leg } from "#sip/leg.ts";
import { userLine } from "#sip/user-line.ts";
import type { Conference } from "../../../servers/conference/conference.ts";
import { Moderators } from "../../../servers/conference/moderators.ts";
import { parseUsers } from "../../../servers/users.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { until } from "../../support/until.ts";

const REALM = "films.example";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;
/** Knows the moderators' password. */
let dora: Person;

beforeEach(async () => {
  const users = parseUsers(userLine("dora", REALM, "secret") ?? "");
  cast = await ConferenceCast.open({ moderators: new Moderators(["sip:dora@example.com"], users) });
  alice = await cast.person("alice");
  bob = await cast.person("bob");
  const servers = [cast.server.address];
  dora = await cast.person("dora", [{ realm: REALM, username: "dora", password: "secret", servers }]);
  cast.server.focus.policies.change("films", { lobby: true });
});

afterEach(() => cast.close());

function films(): Conference {
  const conference = cast.server.focus.conferences.get("films");
  assert.ok(conference);
  return conference;
}

/** Calls, and waits alone in a room of the mixer. */
async function knocks(who: Person, hungUp?: (reason: string) => void): Promise<Leg> {
  const leg = await who.joins("films", { handlers: { ...(hungUp && { onEnded: hungUp }) } });
  const { room } = cast.participant(leg);
  await until(() => cast.mixer.played(room)[0]?.[0] === "waiting", `${who.name} told to wait`);
  assert.equal(cast.mixer.legs(room).length, 1);
  assert.match(room, /^films\.waiting-[0-9a-f]{16}$/);
  return leg;
}

function waiting(...names: readonly string[]): Promise<void> {
  const there = () => [...films().waiting.values()].map(({ displayText }) => displayText).join(" ");
  return until(() => there() === names.join(" "), `${names.join(" ")} waiting, not ${there()}`);
}

const inside = (count: number) => until(() => cast.count("films") === count, `${count} in the conference`);

describe("A conference with a lobby", () => {
  test("has newcomers wait, each alone, until a moderator comes; then they hear one another", async () => {
    const alices = await knocks(alice);
    const bobs = await knocks(bob);
    const ports = [alices, bobs].map(({ description }) => readAudio(description)?.port);
    assert.equal(cast.count("films"), 0);
    cast.ladder.clear();
    await dora.joins("films");
    await inside(3);

    for (const port of ports) assert.ok(cast.mixer.ports("films").includes(port ?? 0));
    // Nothing has changed for their phones: they were called films from the first moment on.
    assert.deepEqual(cast.ladder.steps("conference -> alice"), []);
    assert.equal(alices.remoteContact.uri, alice.room("films"));
    await until(() => cast.mixer.played("films").flat().includes("admitted"), "that they were let in");
  });

  test("lists them as pending for those who are in, and as connected when they are", async () => {
    const doras = await dora.joins("films");
    films().setPolicy({ locked: true });
    const watch = dora.watches("films", { by: doras });
    await watch.heard(1);
    await knocks(alice);
    await watch.heard(2);
    assert.match(JSON.stringify(watch.last), /"pending"/);
    assert.match(watch.users()[0] ?? "", /^alice full/);
    await cast.server.focus.lobby.admit(films(), [...films().waiting.keys()]);
    await until(() => /"connected"/.test(JSON.stringify(watch.last)), "alice connected");

    assert.match(watch.users()[0] ?? "", /sendrecv/);
  });

  test("lets newcomers in at once while a moderator is there", async () => {
    await dora.joins("films");
    await alice.joins("films");

    assert.equal(cast.count("films"), 2);
  });

  test("gives those who wait no right of a member: no roster, no REFER, nothing to control", async () => {
    const alices = await knocks(alice);
    const roster = alice.watches("films", { by: alices });
    await roster.over();

    assert.equal(roster.ended?.status, 403);
    await assert.rejects(alices.refer(bob.address), { status: 403 });
    const content = `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:x@y" state="partial"><users><user entity="${alice.uri}"><endpoint entity="x"><media id="1"><status>recvonly</status></media></endpoint></user></users></conference-info>`;
    const wish = { type: "application/conference-info+xml", content };
    await assert.rejects(alices.info("conference-control", wish), { status: 403 });
  });

  test("lets somebody in whom a moderator admits, and the others wait on", async () => {
    await knocks(alice);
    await knocks(bob);
    const [first] = films().waiting.keys();
    assert.ok(first);
    await cast.server.focus.lobby.admit(films(), [first]);

    assert.equal(cast.count("films"), 1);
    await waiting("bob");
  });

  test("sends away whom a moderator refuses: his phone is hung up on, and told why", async () => {
    const told = Promise.withResolvers<string>();
    await knocks(alice);
    await knocks(bob, told.resolve);
    await cast.server.focus.lobby.refuse(films(), [...films().waiting.keys()].slice(1));

    assert.match(await told.promise, /The moderator did not let you in/);
    await waiting("alice");
  });

  test("forgets who hangs up while waiting; with the last one it is over", async () => {
    const alices = await knocks(alice);
    const bobs = await knocks(bob);
    await alices.bye();
    await waiting("bob");
    await bobs.bye();

    await until(() => cast.server.focus.conferences.size === 0, "the end of the conference");
    assert.equal(cast.server.focus.members.size, 0);
  });

  test("opens for all who wait when the lobby is done away with", async () => {
    await knocks(alice);
    await knocks(bob);
    films().setPolicy({ lobby: false });

    await inside(2);
  });

  test("lets those who wait call anew in the place of their call, and wait on", async () => {
    const alices = await knocks(alice);
    await alice.joins("films", { replaces: alices.id });
    await until(() => alices.state === "ended", "the old call over");

    await waiting("alice");
    assert.equal(cast.count("films"), 0);
  });

  test("has whoever moves there from another conference wait too; the server's own moves go straight in", async () => {
    const inDramas = await alice.joins("dramas");
    await alice.joins("films", { replaces: inDramas.id });
    await waiting("alice");
    const bobs = await bob.joins("dramas");
    await cast.server.focus.mover.move(cast.participant(bobs), "films");

    assert.equal(cast.count("films"), 1);
  });

  test("goes on for those who are in when the moderator leaves, and closes its door again", async () => {
    const doras = await dora.joins("films");
    await alice.joins("films");
    await doras.bye();
    await inside(1);
    await knocks(bob);

    assert.equal(cast.count("films"), 1);
  });

  test("keeps somebody waiting whom the mixer cannot carry over, and lets him in when it can", async () => {
    const alices = await knocks(alice);
    cast.mixer.refusing = 486;
    await cast.server.focus.lobby.admit(films(), [...films().waiting.keys()]);
    await waiting("alice");
    assert.equal(alices.state, "confirmed");
    cast.mixer.refusing = undefined;
    await dora.joins("films");

    await inside(2);
  });

  test("counts those who wait as taking a place", async () => {
    cast.server.focus.policies.change("films", { capacity: 2 });
    await knocks(alice);
    await knocks(bob);
    const carol = await cast.person("carol");

    await assert.rejects(carol.joins("films"), { status: 503 });
  });
});

describe("A lobby whose conference is locked", () => {
  beforeEach(async () => {
    await dora.joins("films");
    films().setPolicy({ locked: true });
  });

  test("has newcomers wait although a moderator is there, until she lets them in", async () => {
    await knocks(alice);
    await knocks(bob);
    await cast.server.focus.lobby.admit(films(), [...films().waiting.keys()]);

    await inside(3);
  });

  test("lets all of them in when it is unlocked", async () => {
    await knocks(alice);
    films().setPolicy({ locked: false });

    await inside(2);
  });
});

describe("A moderator in the conference", () => {
  let doras: Leg;

  beforeEach(async () => {
    doras = await dora.joins("films");
    films().setPolicy({ locked: true });
  });

  function asks(leg: Leg, inside: string): Promise<void> {
    const content = `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:x@y" state="partial">${inside}</conference-info>`;
    return leg.info("conference-control", { type: "application/conference-info+xml", content });
  }

  const letIn = (uri: string) =>
    `<users><user entity="${uri}" state="partial"><endpoint entity="x" state="partial"><status>connected</status></endpoint></user></users>`;
  const sendAway = (uri: string) => `<users><user entity="${uri}" state="deleted"/></users>`;

  test("lets somebody in by an INFO that says he is connected", async () => {
    await knocks(alice);
    await knocks(bob);
    await asks(doras, letIn(alice.uri));
    await inside(2);

    await waiting("bob");
  });

  test("sends somebody away by one that says he is not there, whether he waits or is in", async () => {
    const told = Promise.withResolvers<string>();
    await knocks(alice, told.resolve);
    await asks(doras, sendAway(alice.uri));
    assert.match(await told.promise, /did not let you in/);
    const removed = Promise.withResolvers<string>();
    await knocks(bob, removed.resolve);
    await asks(doras, letIn(bob.uri));
    await inside(2);
    await asks(doras, sendAway(bob.uri));

    assert.match(await removed.promise, /Removed from the conference/);
  });

  test("hears 404 about somebody who does not wait", async () => {
    await assert.rejects(asks(doras, letIn(alice.uri)), { status: 404 });
    await assert.rejects(asks(doras, sendAway(alice.uri)), { status: 404 });
  });

  test("ends it for all, those who wait and those who ring too", async () => {
    const told = [Promise.withResolvers<string>(), Promise.withResolvers<string>()] as const;
    await knocks(alice, told[0].resolve);
    doras.handlers = { onEnded: told[1].resolve };
    bob.picksUp = false;
    const rings = doras.refer(bob.address);
    await until(() => bob.invites.length === 1, "bob's phone to ring");
    await asks(doras, "<conference-state><active>false</active></conference-state>");
    const reasons = await Promise.all(told.map(({ promise }) => promise));

    for (const reason of reasons) assert.match(reason, /The moderator ended the conference/);
    assert.equal(await rings, 487);
    await until(() => cast.server.focus.members.size === 0, "nobody left");
    assert.equal(cast.server.focus.conferences.size, 0);
  });

  test("is no member who may not: others hear 403 and nothing happens", async () => {
    await knocks(alice);
    films().setPolicy({ lobby: false, locked: false });
    await inside(2);
    const [alices] = [...alice.agent.legs()];
    assert.ok(alices);
    await assert.rejects(asks(alices, letIn(bob.uri)), { status: 403 });
    await assert.rejects(asks(alices, sendAway(dora.uri)), { status: 403 });
    const end = asks(alices, "<conference-state><active>false</active></conference-state>");

    await assert.rejects(end, { status: 403 });
    assert.equal(cast.count("films"), 2);
  });
});
