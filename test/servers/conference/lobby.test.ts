/** Newcomers wait until a moderator is there, or lets them in. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import { formatRecipients } from "#sip/recipient-list.ts";
import type { ConferenceCast, Person } from "../../support/conference-cast.ts";
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

describe("A conference with a lobby", () => {
  test("has newcomers wait, each alone, until a moderator comes; then they hear one another", async () => {
    const alices = await scene.knocks(alice);
    const bobs = await scene.knocks(bob);
    const ports = [alices, bobs].map(({ description }) => readAudio(description)?.port);
    assert.equal(cast.count("films"), 0);
    cast.ladder.clear();
    await dora.joins("films");
    await scene.inside(3);

    for (const port of ports) assert.ok(cast.mixer.ports("films").includes(port ?? 0));
    // Nothing has changed for their phones: they were called films from the first moment on.
    assert.deepEqual(cast.ladder.steps("conference -> alice"), []);
    assert.equal(alices.remoteContact.uri, alice.room("films"));
    await until(() => cast.mixer.played("films").flat().includes("admitted"), "that they were let in");
  });

  test("lists them as pending for those who are in, and as connected when they are", async () => {
    const doras = await dora.joins("films");
    scene.films.setPolicy({ locked: true });
    const watch = dora.watches("films", { by: doras });
    await watch.heard(1);
    await scene.knocks(alice);
    await watch.heard(2);
    assert.match(JSON.stringify(watch.last), /"pending"/);
    assert.match(watch.users()[0] ?? "", /^alice full/);
    await scene.admitsAll();
    await until(() => /"connected"/.test(JSON.stringify(watch.last)), "alice connected");

    assert.match(watch.users()[0] ?? "", /sendrecv/);
  });

  test("shows who waits himself and nobody else, and has him ask anew when he is in", async () => {
    const doras = await dora.joins("films");
    scene.films.setPolicy({ locked: true });
    await dora.watches("films", { by: doras }).heard(1);
    const alices = await scene.knocks(alice);
    const watch = alice.watches("films", { by: alices });
    await watch.heard(1);
    const shown = JSON.stringify(watch.last);
    assert.match(shown, /"pending"/);
    assert.doesNotMatch(shown, /dora|user-count/);
    await scene.admitsAll();

    // The subscription ends as "deactivated", and alice asks anew.
    await until(() => watch.users().length === 2, "everybody in alice's roster");
  });

  test("lets newcomers in at once while a moderator is there", async () => {
    await dora.joins("films");
    await alice.joins("films");

    assert.equal(cast.count("films"), 2);
  });

  test("gives those who wait no right of a member: nobody but themselves in the roster, no REFER, nothing to control", async () => {
    const alices = await scene.knocks(alice);
    await scene.knocks(bob);
    const roster = alice.watches("films", { by: alices });
    await roster.heard(1);

    assert.deepEqual(roster.users(), [`${alice.uri} full full`]);
    const stranger = bob.watches("films");
    await stranger.over();
    assert.equal(stranger.ended?.status, 403);
    await assert.rejects(alices.refer(bob.address), { status: 403 });
    const content = `<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:x@y" state="partial"><users><user entity="${alice.uri}"><endpoint entity="x"><media id="1"><status>recvonly</status></media></endpoint></user></users></conference-info>`;
    const wish = { type: "application/conference-info+xml", content };
    await assert.rejects(alices.info("conference-control", wish), { status: 403 });
  });

  test("lets somebody in whom a moderator admits, and the others wait on", async () => {
    await scene.knocks(alice);
    await scene.knocks(bob);
    const [first] = scene.films.waiting.keys();
    assert.ok(first);
    await cast.server.focus.lobby.admit(scene.films, [first]);

    assert.equal(cast.count("films"), 1);
    await scene.waiting("bob");
  });

  test("sends away whom a moderator refuses: his phone is hung up on, and told why", async () => {
    const told = Promise.withResolvers<string>();
    await scene.knocks(alice);
    await scene.knocks(bob, told.resolve);
    await cast.server.focus.lobby.refuse(scene.films, [...scene.films.waiting.keys()].slice(1));

    assert.match(await within(told.promise, "the refusal"), /The moderator did not let you in/);
    await scene.waiting("alice");
  });

  test("forgets who hangs up while waiting; with the last one it is over", async () => {
    const alices = await scene.knocks(alice);
    const bobs = await scene.knocks(bob);
    await alices.bye();
    await scene.waiting("bob");
    await bobs.bye();

    await until(() => cast.server.focus.conferences.size === 0, "the end of the conference");
    assert.equal(cast.server.focus.members.size, 0);
  });

  test("opens for all who wait when the lobby is done away with", async () => {
    await scene.knocks(alice);
    await scene.knocks(bob);
    scene.films.setPolicy({ lobby: false });

    await scene.inside(2);
  });

  test("lets those who wait call anew in the place of their call, and wait on", async () => {
    const alices = await scene.knocks(alice);
    await alice.joins("films", { replaces: alices.id });
    await until(() => alices.state === "ended", "the old call over");

    await scene.waiting("alice");
    assert.equal(cast.count("films"), 0);
  });

  test("has whoever moves there from another conference wait too; the server's own moves go straight in", async () => {
    const inDramas = await alice.joins("dramas");
    await alice.joins("films", { replaces: inDramas.id });
    await scene.waiting("alice");
    const bobs = await bob.joins("dramas");
    await cast.server.focus.mover.move(cast.participant(bobs), "films");

    assert.equal(cast.count("films"), 1);
  });

  test("goes on for those who are in when the moderator leaves, and closes its door again", async () => {
    const doras = await dora.joins("films");
    await alice.joins("films");
    await doras.bye();
    await scene.inside(1);
    await scene.knocks(bob);

    assert.equal(cast.count("films"), 1);
  });

  test("keeps somebody waiting whom the mixer cannot carry over, and lets him in when it can", async () => {
    const alices = await scene.knocks(alice);
    cast.mixer.refusing = 486;
    await scene.admitsAll();
    await scene.waiting("alice");
    assert.equal(alices.state, "confirmed");
    cast.mixer.refusing = undefined;
    await dora.joins("films");

    await scene.inside(2);
  });

  test("takes a call without an offer, which waits like any other", async () => {
    const alices = await alice.joins("films", { answerOffer: (offer) => alice.answer(offer) });
    await scene.waiting("alice");
    const port = readAudio(alices.description)?.port;
    await dora.joins("films");
    await scene.inside(2);

    assert.ok(cast.mixer.ports("films").includes(port ?? 0));
  });

  test("has a call that is cancelled while it comes leave nothing", async () => {
    const cancel = new AbortController();
    const go = Promise.withResolvers<void>();
    cast.mixer.onOrder = () => {
      cancel.abort();
      return go.promise;
    };
    await assert.rejects(alice.joins("films", { signal: cancel.signal }), { status: 487 });
    go.resolve();

    await until(() => cast.server.focus.members.size === 0, "nobody");
    assert.equal(cast.server.focus.conferences.size, 0);
    await until(() => [...cast.mixer.agent.legs()].length === 0, "no leg at the mixer");
  });

  test("goes on for a phone that holds and resumes while it waits", async () => {
    const alices = await scene.knocks(alice);
    await alices.offer(alice.offer.replace("a=sendrecv", "a=sendonly"));
    await alices.offer(alice.offer);
    await dora.joins("films");
    await scene.inside(2);

    assert.equal(
      cast.mixer.heard("films").every((each) => each.at(-1) === true),
      true,
    );
  });

  test("has the people called whom a newcomer brings a list of, when the newcomer is in", async () => {
    const carol = await cast.person("carol");
    const parts = [formatRecipients([{ uri: carol.address }])];
    await alice.joins("films", { parts, headers: { require: "recipient-list-invite" } });
    await scene.waiting("alice");
    assert.equal(carol.invites.length, 0);
    await dora.joins("films");
    await scene.inside(3);

    assert.equal(carol.invites.length, 1);
  });

  test("counts those who wait as taking a place", async () => {
    cast.server.focus.policies.change("films", { capacity: 2 });
    await scene.knocks(alice);
    await scene.knocks(bob);
    const carol = await cast.person("carol");

    await assert.rejects(carol.joins("films"), { status: 503 });
  });
});
