import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { withDirection } from "#sdp/hold.ts";
import type { Leg } from "#sip/leg.ts";
import { formatRecipients } from "#sip/recipient-list.ts";
import { SipError } from "#sip/sip-error.ts";
import { ConferenceCast, type Person, type Watch } from "../../support/conference-cast.ts";
import { mutes, raises } from "../../support/control-package.ts";
import { participantOf } from "../../support/participant-of.ts";
import { until } from "../../support/until.ts";

/** A name nobody guesses: whoever opens it with a list of people is its moderator. */
const PRIVATE = "alice-0123456789abcdef";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;
/** Does not want to. */
let carol: Person;
let bobs: Leg;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
  bob = await cast.person("bob");
  carol = await cast.person("carol");
  carol.picksUp = 603;
});

afterEach(() => cast.close());

/** Alice moderates a conference of her own, bob is in it. */
async function meets(): Promise<Leg> {
  const leg = await alice.joins(PRIVATE, {
    parts: [formatRecipients([{ uri: carol.address }])],
    headers: { require: "recipient-list-invite" },
  });
  // Her place at the mixer comes and goes while she is called.
  const refused = () => carol.invites.length === 1 && cast.mixer.legs(PRIVATE).length === 1;
  await until(refused, "carol's no");
  await joins(PRIVATE);
  return leg;
}

async function joins(id: string, replaces?: Leg): Promise<Leg> {
  bobs = await bob.joins(id, replaces ? { replaces: replaces.id } : {});
  bobs.handlers = { onOffer: (offer) => bob.answer(offer) };
  await until(() => cast.mixer.reportsKeys(id).at(-1) === true, "the mixer to be told to report keys");
  return bobs;
}

/** Bob presses keys, which the mixer hears. */
const presses = (keys: string, id: string = PRIVATE) =>
  cast.mixer.presses(cast.mixer.legs(id).at(-1) as Leg, keys);

/** What became of bob at the mixer: whether he was heard, from his first moment on, and what was played to him. */
const heard = (id: string = PRIVATE) => cast.mixer.heard(id).at(-1) ?? [];
const played = (id: string = PRIVATE) => cast.mixer.played(id).at(-1) ?? [];
const hears = (prompt: string, id?: string) =>
  until(() => played(id).at(-1) === prompt, `"${prompt}" to be played, not ${played(id)}`, 5_000);

async function watches(id: string): Promise<Watch> {
  const watch = bob.watches(id);
  await watch.heard(1);
  return watch;
}

/** Waits for a roster in which bob is so. */
const shows = (watch: Watch, what: RegExp) =>
  until(() => watch.documents.some((document) => what.test(JSON.stringify(document))), `${what}`, 5_000);

/** The participant bob is now. */
const asSeen = () => participantOf(cast.server, bobs);

describe("*6", () => {
  test("mutes: the mixer listens no longer, the roster shows it, he hears it; the phone is asked nothing", async () => {
    await joins("films");
    const watch = await watches("films");
    cast.ladder.clear();
    await presses("*6", "films");
    await shows(watch, /muted-via-focus/);
    await hears("muted", "films");

    assert.deepEqual(heard("films").slice(-2), [true, false]);
    assert.deepEqual(cast.ladder.steps("conference -> bob", "INVITE"), []);
    assert.deepEqual(cast.ladder.steps("conference -> mixer: INVITE"), []);
  });

  test("pressed again lets him be heard", async () => {
    await joins("films");
    await presses("*6", "films");
    await hears("muted", "films");
    await presses("*6", "films");
    await hears("unmuted", "films");

    assert.equal(heard("films").at(-1), true);
    assert.equal(asSeen().silenced, false);
  });

  test("comes by INFO from phones that send keys so, and to a mixer that knows no MSCML", async () => {
    cast.mixer.takesMscml = false;
    bobs = await bob.joins("films");
    for (const key of "*6") {
      const content = `Signal=${key}\r\nDuration=160\r\n`;
      const { status } = await bobs.request("INFO", { type: "application/dtmf-relay", content });
      assert.equal(status, 200);
    }
    await until(() => asSeen().silenced, "bob muted");

    assert.equal(heard("films").at(-1), false);
    assert.deepEqual(cast.ladder.steps("conference -> mixer: INVITE sdp").length, 2);
    await asSeen().silence(false, "self");
    assert.equal(heard("films").at(-1), true);
  });

  test("is denied to whom a moderator has muted: he stays muted, is told so, and may raise a hand", async () => {
    const alices = await meets();
    const watch = await watches(PRIVATE);
    await mutes(alices, bob.uri);
    await hears("muted");
    await presses("*6");
    await hears("denied");
    await presses("*9");
    await hears("hand-raised");
    await shows(watch, /"name":"hand"[^}]*\}[^}]*"text":"true"|"text":"true"[^}]*"name":"hand"/);

    assert.equal(heard().at(-1), false);
    await assert.rejects(mutes(bobs, bob.uri, false), { status: 403 });
    await mutes(alices, bob.uri, false);
    await hears("unmuted");
    assert.equal(heard().at(-1), true);
  });
});

describe("Whoever has muted himself", () => {
  test("by the control package is silent within 200 ms, in the roster as well", async () => {
    await joins("films");
    const watch = await watches("films");
    const at = performance.now();
    await mutes(bobs, bob.uri);
    await shows(watch, /muted-via-focus/);

    assert.ok(performance.now() - at < 200, `took ${performance.now() - at} ms`);
    assert.equal(heard("films").at(-1), false);
  });

  test("is made audible by nobody else: a moderator who tries gets 403", async () => {
    const alices = await meets();
    await mutes(bobs, bob.uri);
    await hears("muted");

    await assert.rejects(mutes(alices, bob.uri, false), { status: 403 });
    assert.equal(heard().at(-1), false);
  });

  test("and is muted by a moderator besides, stays so when she lifts hers", async () => {
    const alices = await meets();
    await mutes(bobs, bob.uri);
    await mutes(alices, bob.uri);
    await mutes(alices, bob.uri, false);
    await presses("*6");
    await hears("unmuted");

    assert.deepEqual(played(), ["muted", "unmuted"]);
  });

  test("is not said to be muted when the mixer would not do it", async () => {
    cast.mixer.takesMscml = false;
    bobs = await bob.joins("films");
    cast.mixer.onChange = () => {
      throw new SipError(500, "No");
    };
    await assert.rejects(asSeen().silence(true, "self"));

    assert.equal(asSeen().silenced, false);
    cast.mixer.onChange = undefined;
    await asSeen().silence(true, "self");
    assert.equal(heard("films").at(-1), false);
  });
});

test("Whoever is muted at a mixer without MSCML stays so when it refreshes the media, and is asked for all he sends", async () => {
  cast.mixer.takesMscml = false;
  bobs = await bob.joins("films");
  await asSeen().silence(true, "self");
  const offers: string[] = [];
  bobs.handlers = {
    onOffer: (offer) => {
      offers.push(offer);
      return bob.answer(offer);
    },
  };
  const [leg] = cast.mixer.legs("films");
  const answer = await leg?.offer(withDirection(leg.localDescription, "sendrecv"));

  assert.match(offers[0] ?? "", /a=sendrecv/);
  assert.match(answer ?? "", /a=recvonly/);
});

test("Whoever is muted at a mixer without MSCML is never heard when he calls anew or is moved", async () => {
  cast.mixer.takesMscml = false;
  bobs = await bob.joins("films");
  await asSeen().silence(true, "self");
  bobs = await bob.joins("films", { replaces: bobs.id });
  const answer = await bobs.offer(bob.offer);
  assert.match(answer, /a=sendrecv/);
  assert.ok(!heard("films").includes(true), `${heard("films")}`);
  await cast.server.focus.mover.move(asSeen(), "dramas");

  assert.ok(!heard("dramas").includes(true), `${heard("dramas")}`);
});

describe("A moderator", () => {
  test("lifts her own mute, whoever set it", async () => {
    const alices = await meets();
    await mutes(alices, alice.uri);
    await until(() => cast.mixer.heard(PRIVATE)[0]?.at(-1) === false, "alice muted");
    await mutes(alices, alice.uri, false);
    await until(() => cast.mixer.heard(PRIVATE)[0]?.at(-1) === true, "alice heard");
  });

  test("lowers hands, and raises none but her own", async () => {
    const alices = await meets();
    await raises(bobs, bob.uri);
    await hears("hand-raised");

    await assert.rejects(raises(bobs, alice.uri), { status: 403 });
    await assert.rejects(raises(bobs, alice.uri, false), { status: 403 });
    await raises(alices, bob.uri, false);
    await hears("hand-lowered");
    await assert.rejects(raises(alices, bob.uri), { status: 403 });
    assert.equal(asSeen().hand, false);
  });
});

describe("Muted, with a hand raised", () => {
  beforeEach(async () => {
    const alices = await meets();
    await mutes(alices, bob.uri);
    await hears("muted");
    await presses("*9");
    await hears("hand-raised");
  });

  const neverHeard = (id: string = PRIVATE) => !heard(id).includes(true);

  test("he calls anew in the place of his call: never heard, hand up, keys work, still not his to lift", async () => {
    await joins(PRIVATE, bobs);
    assert.ok(asSeen().silenced && asSeen().hand);
    await presses("*6");
    await hears("denied");
    await presses("*9");
    await hears("hand-lowered");

    assert.ok(neverHeard(), `${heard()}`);
  });

  test("he moves to another conference: never heard, but there it is his to lift", async () => {
    await joins("films", bobs);
    assert.ok(asSeen().silenced);
    assert.ok(neverHeard("films"), `${heard("films")}`);
    await presses("*6", "films");
    await hears("unmuted", "films");
  });

  test("the server moves him: never heard, hand up, keys work", async () => {
    await cast.server.focus.mover.move(asSeen(), "films");
    await until(() => cast.mixer.reportsKeys("films").at(-1) === true, "keys to be reported");
    assert.ok(asSeen().silenced && asSeen().hand);
    assert.ok(neverHeard("films"), `${heard("films")}`);
    await presses("*6", "films");
    await hears("unmuted", "films");
  });

  test("his leg at the mixer dies: never heard on the next, hand up, keys work", async () => {
    const before = cast.mixer.ports(PRIVATE);
    await cast.mixer.legs(PRIVATE).at(-1)?.bye("Mixer failed");
    await until(() => !before.includes(cast.mixer.ports(PRIVATE).at(-1) ?? 0), "another leg");
    await until(() => cast.mixer.reportsKeys(PRIVATE).at(-1) === true, "keys to be reported");
    assert.ok(asSeen().silenced && asSeen().hand);
    await presses("*6");
    await hears("denied");

    assert.ok(neverHeard(), `${heard()}`);
  });
});

test("A mute that meets a move is in force after it", async () => {
  await joins("comedies");
  const moved = cast.server.focus.mover.move(asSeen(), "dramas");
  await asSeen().silence(true, "self");
  await moved;
  await until(() => heard("dramas").at(-1) === false, "bob silent in dramas");

  assert.equal(asSeen().silenced, true);
});
