/** A conference that asks for a PIN or a token: programs have it in the URI, telephones type it. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { InviteOptions, Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { until, within } from "../../support/until.ts";

const TOKEN = "open-sesame-4f2a";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
  bob = await cast.person("bob");
});

afterEach(() => cast.close());

async function calls(who: Person, parameters: string, options: InviteOptions = {}): Promise<Leg> {
  const target: SipUri = `${who.room("films")}${parameters}`;
  const from = { name: who.name, uri: who.uri };
  const { leg } = await who.agent.invite(target, { from, offer: who.offer, ...options });
  return leg;
}

/** The mixer's leg of somebody who is in no conference yet, and what is played to him there. */
function booth(leg: Leg): { readonly leg: Leg; readonly played: readonly string[] } {
  const { room } = cast.participant(leg);
  const [alone, ...others] = cast.mixer.legs(room);
  assert.ok(alone);
  assert.deepEqual(others, []);
  return { leg: alone, played: cast.mixer.played(room)[0] ?? [] };
}

async function types(leg: Leg, keys: string): Promise<void> {
  const { room } = cast.participant(leg);
  await until(() => cast.mixer.reportsKeys(room)[0] === true, "the mixer to report keys");
  await cast.mixer.presses(booth(leg).leg, keys);
}

function hears(leg: Leg, ...prompts: readonly string[]): Promise<void> {
  const heard = () => booth(leg).played.join(" ");
  return until(() => heard() === prompts.join(" "), `${prompts.join(", ")}; heard ${heard()}`);
}

describe("A conference with a PIN", () => {
  beforeEach(() => void cast.server.focus.policies.change("films", { pin: "4711" }));

  test("lets in who has it in the URI, and shows it to nobody", async () => {
    const alices = await calls(alice, ";pin=4711");
    const watch = alice.watches("films", { by: alices });
    await watch.heard(1);

    assert.equal(cast.count("films"), 1);
    assert.equal(alices.remoteContact.uri, alice.room("films"));
    assert.doesNotMatch(JSON.stringify(watch.last), /4711/);
    assert.doesNotMatch(cast.ladder.steps("").join("\n"), /4711/);
  });

  test("refuses who has another with 403, and after ten from one address the right one too", async () => {
    for (let guess = 0; guess < 10; guess += 1)
      await assert.rejects(calls(bob, `;pin=${1000 + guess}`), { status: 403, reason: "Wrong PIN Or Token" });

    await assert.rejects(calls(bob, ";pin=4711"), { status: 403, reason: "Too Many Wrong PINs" });
    assert.equal(cast.server.focus.conferences.size, 0);
  });

  test("asks a telephone for it by voice, takes the keys and lets it in: one stream, one call", async () => {
    const alices = await calls(alice, ";pin=4711");
    const bobs = await calls(bob, "");
    await hears(bobs, "enter-pin");
    const port = readAudio(bobs.description)?.port;
    assert.equal(cast.count("films"), 1);
    cast.ladder.clear();
    await types(bobs, "4711#");
    await until(() => cast.count("films") === 2, "bob in the conference");

    assert.ok(cast.mixer.ports("films").includes(port ?? 0));
    assert.equal(cast.mixer.legs(cast.participant(bobs).room).length, 2);
    assert.deepEqual(cast.ladder.steps("conference -> bob"), []);
    assert.equal(alices.state, "confirmed");
  });

  test("says so when the PIN is wrong, and hangs up after the third", async () => {
    const hungUp = Promise.withResolvers<string>();
    const bobs = await calls(bob, "", { handlers: { onEnded: hungUp.resolve } });
    await types(bobs, "1111#");
    await hears(bobs, "enter-pin", "wrong-pin");
    await types(bobs, "47*12#");
    await hears(bobs, "enter-pin", "wrong-pin", "wrong-pin");
    await types(bobs, "4712#");

    assert.match(await within(hungUp.promise, "the end of the call"), /The PIN was wrong/);
    await until(() => cast.server.focus.conferences.size === 0, "nothing left");
  });

  test("shows nobody that somebody types, and gives him no right of a member", async () => {
    const alices = await calls(alice, ";pin=4711");
    const watch = alice.watches("films", { by: alices });
    await watch.heard(1);
    const bobs = await calls(bob, "");
    await hears(bobs, "enter-pin");
    const roster = bob.watches("films", { by: bobs });
    await roster.heard(1);

    assert.match(JSON.stringify(roster.last), /"pending"/);
    assert.doesNotMatch(JSON.stringify(roster.last), /alice|user-count/);
    await assert.rejects(bobs.refer(alice.address), { status: 403 });
    assert.deepEqual(watch.users(), ["alice full sendrecv"]);
    assert.equal(watch.documents.length, 1);
  });

  test("forgets who hangs up before he has typed it", async () => {
    const bobs = await calls(bob, "");
    await hears(bobs, "enter-pin");
    const { room } = cast.participant(bobs);
    await bobs.bye();
    await until(() => cast.mixer.legs(room).length === 0, "the mixer's leg gone");

    assert.equal(cast.server.focus.conferences.size, 0);
    assert.equal(cast.server.focus.members.size, 0);
  });

  test("asks nobody again whose call takes the place of one that is in", async () => {
    const alices = await calls(alice, ";pin=4711");
    await calls(alice, "", { replaces: alices.id });

    assert.equal(cast.count("films"), 1);
  });

  test("asks those too who come from another conference, and their stream goes on all the while", async () => {
    const inDramas = await bob.joins("dramas");
    const port = readAudio(inDramas.description)?.port;
    const bobs = await calls(bob, "", { replaces: inDramas.id });
    await hears(bobs, "enter-pin");
    assert.equal(cast.count("dramas"), 0);
    await types(bobs, "4711#");
    await until(() => cast.count("films") === 1, "bob in the conference");

    assert.deepEqual(cast.mixer.ports("films"), [port]);
  });

  test("counts who types it as taking a place, and asks fifty at a time at most", async () => {
    cast.server.focus.policies.change("films", { capacity: 1 });
    const first = await calls(bob, "");
    await assert.rejects(calls(alice, ";pin=4711"), { status: 503, reason: "The Conference Is Full" });
    cast.server.focus.policies.change("films", { capacity: 100 });
    for (let caller = 1; caller < 50; caller += 1) await calls(bob, "");
    await assert.rejects(calls(bob, ""), { status: 503, reason: "Too Many At The Door" });
    await calls(alice, ";pin=4711");
    await first.bye();
    await until(() => cast.server.focus.lobby.typing("films") === 49, "one gone");
    await calls(bob, "");
  });

  test("is no way around the lock: who has it is refused all the same", async () => {
    cast.server.focus.policies.change("films", { locked: true });

    await assert.rejects(calls(bob, ";pin=4711"), { status: 403, reason: "The Conference Is Locked" });
  });

  test("does not let in who typed it while it was locked", async () => {
    const hungUp = Promise.withResolvers<string>();
    const bobs = await calls(bob, "", { handlers: { onEnded: hungUp.resolve } });
    await hears(bobs, "enter-pin");
    cast.server.focus.policies.change("films", { locked: true });
    await types(bobs, "4711#");

    assert.match(await within(hungUp.promise, "the end of the call"), /The conference is locked/);
  });
});

describe("A conference with tokens", () => {
  beforeEach(() => void cast.server.focus.policies.change("films", { tokens: [TOKEN, "another-one-77"] }));

  test("lets in who has one of them in the URI", async () => {
    await calls(alice, `;token=${TOKEN}`);
    await calls(bob, ";token=another-one-77");

    assert.equal(cast.count("films"), 2);
  });

  test("refuses who has none, a wrong one, or an empty one: tokens cannot be typed", async () => {
    await assert.rejects(calls(bob, ""), { status: 403, reason: "A Token Is Needed" });
    await assert.rejects(calls(bob, ";token=wrong-token"), { status: 403 });
    await assert.rejects(calls(bob, ";token="), { status: 403 });
    await assert.rejects(calls(bob, ";token"), { status: 403 });
    assert.equal(cast.server.focus.conferences.size, 0);
  });
});
