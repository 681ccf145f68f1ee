import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MSCML } from "../../../servers/mscml/document.ts";
import { configureLeg, play, stopPlaying } from "../../../servers/mscml/request.ts";
import { press } from "../../support/keypad.ts";
import { join, joinWatched, room, studio } from "../../support/mixer-cast.ts";
import { mediaOf } from "../../support/rtp-party.ts";

const CONFIGURED = {
  kind: "response",
  request: "configure_leg",
  id: undefined,
  code: 200,
  text: "OK",
  reason: undefined,
};
const key = (digit: string) => ({ kind: "keypress", digit });

describe("A leg told by MSCML", () => {
  test("to be mute is silent to the others after 40 ms, hears on, and is heard again when told so", async () => {
    const films = await studio();
    const alice = await joinWatched(films, "comedies", 450);
    const bob = await join(films, "comedies", 600);
    await Promise.all([bob.party.hears(450), alice.party.hears(600)]);

    assert.equal(await alice.ask(configureLeg({ mixmode: "mute" })), 200);
    const from = bob.party.forget();
    await bob.party.frames(15);
    const heard = bob.party.heard.audio({ from }).length - bob.party.heard.longestSilentRun({ from }) / 20;
    assert.ok(heard <= 2, `${heard} frames of 20 ms were heard after the mixer had said 200`);
    await alice.party.hears(600);
    assert.deepEqual(await alice.tells(1), [CONFIGURED]);

    await alice.ask(configureLeg({ mixmode: "full" }));
    await bob.party.hears(450);
    assert.equal(bob.party.heard.missingFrames(), 0);
  });

  test("to be mute is no talker from then on", async () => {
    const films = await studio();
    const talking: boolean[] = [];
    const silent = Promise.withResolvers<void>();
    const onRequest = ({ content }: { content: string }) => {
      if (content.includes("activetalkers")) talking.push(content.includes("<talker"));
      if (talking.at(-1) === false) silent.resolve();
      return { status: 200 };
    };
    const alice = await join(films, "comedies", 450, { onRequest });
    await alice.party.frames(20);
    await alice.leg.request("INFO", { type: MSCML, content: configureLeg({ mixmode: "mute" }) });
    await silent.promise;
    assert.deepEqual(talking, [true, false]);
  });

  test("to be parked hears nobody and is not heard, and loses no frame", async () => {
    const films = await studio();
    const alice = await joinWatched(films, "comedies", 450);
    const bob = await join(films, "comedies", 600);
    await Promise.all([bob.party.hears(450), alice.party.hears(600)]);
    await alice.ask(configureLeg({ mixmode: "parked" }));
    await alice.party.frames(5);
    const from = performance.now();
    await alice.party.frames(10);

    assert.deepEqual(alice.party.heard.tonesHeard({ from }), []);
    assert.deepEqual(bob.party.heard.tonesHeard({ from }), []);
    assert.equal(alice.party.heard.missingFrames(), 0);
    await alice.ask(configureLeg({ mixmode: "full" }));
    await Promise.all([bob.party.hears(450), alice.party.hears(600)]);
  });

  test("to report keys tells each of them once, muted or not, and the others hear none of it", async () => {
    const films = await studio();
    const alice = await joinWatched(films, "comedies", undefined);
    const bob = await join(films, "comedies", undefined);
    await bob.party.frames(3);
    alice.party.stop();
    const to = mediaOf(alice.answer);
    press(alice.party, to, "1");
    await alice.ask(configureLeg({ mixmode: "mute", keypresses: true }));
    await bob.party.frames(3);
    press(alice.party, to, "*6");
    press(alice.party, to, "9", { ends: 0 });
    press(alice.party, to, "#", { lost: 6 });

    assert.deepEqual(await alice.tells(5), [CONFIGURED, key("*"), key("6"), key("9"), key("#")]);
    assert.deepEqual(bob.party.heard.tonesHeard(), []);
    await alice.ask(configureLeg({ keypresses: false }));
    await bob.party.frames(3);
    press(alice.party, to, "7");
    await alice.ask(configureLeg({}));
    assert.deepEqual((await alice.tells(7)).slice(5), [CONFIGURED, CONFIGURED]);
    assert.equal(
      bob.party.heard.packets.every(({ header }) => header.payloadType === 0),
      true,
    );
  });

  test("of a flood of keys some are told, in order, and the call goes on", async () => {
    const films = await studio();
    const alice = await joinWatched(films, "comedies", 450);
    const bob = await join(films, "comedies", undefined);
    await alice.ask(configureLeg({ keypresses: true }));
    await bob.party.hears(450);
    for (let n = 0; n < 20; n++)
      press(alice.party, mediaOf(alice.answer), "0123456789*#ABCD", { reports: 1, ends: 0 });
    await alice.tells(15);
    await bob.party.frames(25);
    const keys = alice.told.filter(({ kind }) => kind === "keypress").length;
    const [stream] = (await films.mixer.dump()).streams;

    assert.ok(keys >= 14 && keys <= 40, `${keys} keys were told`);
    assert.ok((stream?.excessKeys ?? 0) > 200);
    await bob.party.hears(450);
    assert.equal(alice.leg.state, "confirmed");
  });

  test("stays as mute as it was when its stream goes on in another leg, and forgets its keys and prompts", async () => {
    const films = await studio();
    const alice = await joinWatched(films, "comedies", 450);
    const bob = await join(films, "dramas", 600);
    await alice.ask(configureLeg({ mixmode: "mute", keypresses: true }));
    await alice.ask(play("waiting"));
    const { leg, answer } = await films.focus.invite(room(films.mixer, "dramas"), {
      offer: alice.party.offer(),
      replaces: alice.leg.id,
      handlers: { onRequest: ({ content }) => assert.fail(`it was told ${content}`) },
    });
    await alice.party.hears(600);
    alice.party.stop();
    press(alice.party, mediaOf(answer), "1");
    await bob.party.frames(10);
    assert.deepEqual(bob.party.heard.tonesHeard(), []);

    leg.handlers = {};
    alice.party.talkTo(answer);
    await leg.request("INFO", { type: MSCML, content: configureLeg({ mixmode: "full" }) });
    await bob.party.hears(450);
  });
});

describe("A prompt", () => {
  test("is heard by one alone, over the others, and answered when it has ended", async () => {
    const films = await studio();
    const alice = await joinWatched(films, "comedies", 450);
    const bob = await join(films, "comedies", 600);
    await Promise.all([bob.party.hears(450), alice.party.hears(600)]);
    const before = alice.party.heard.audio().slice(-5);
    const from = alice.party.forget();
    bob.party.forget();
    await alice.ask(play("muted", "7"));
    const [answer] = await alice.tells(1);

    assert.deepEqual(answer, {
      kind: "response",
      request: "play",
      id: "7",
      code: 200,
      text: "OK",
      reason: "EOF",
    });
    const heard = alice.party.heard.audio({ from });
    assert.ok(heard.length * 20 >= 500, "the word takes half a second");
    assert.notDeepEqual(
      heard.slice(10, 15).map(({ payload }) => payload),
      before.map(({ payload }) => payload),
    );
    assert.deepEqual(bob.party.heard.tonesHeard(), [450]);
    assert.equal(alice.party.heard.missingFrames(), 0);
    await alice.party.hears(600);
  });

  test("is stopped, or gives way to another, and each request has its answer", async () => {
    const films = await studio();
    const alice = await joinWatched(films, "comedies", undefined);
    await alice.party.frames(3);
    await alice.ask(play("enter-pin", "1"));
    await alice.ask(play("waiting", "2"));
    await alice.ask(stopPlaying("3"));
    const answers = await alice.tells(3);

    const said = answers.map((one) =>
      one.kind === "response" ? `${one.request} ${one.id} ${one.code} ${one.reason}` : "",
    );
    assert.deepEqual(said.sort(), ["play 1 200 stopped", "play 2 200 stopped", "stop 3 200 undefined"]);
  });

  test("is heard by one who is parked", async () => {
    const films = await studio();
    const alice = await joinWatched(films, "waiting-room", undefined);
    await alice.party.frames(3);
    await alice.ask(configureLeg({ mixmode: "parked" }));
    const from = alice.party.forget();
    await alice.ask(play("admitted"));
    await alice.tells(2);
    const loud = alice.party.heard
      .audio({ from })
      .filter(({ payload }) => payload.some((code) => (code & 0x7f) < 0x30));
    assert.ok(loud.length >= 10, `${loud.length} loud frames`);
  });
});

const request = (content: string): string =>
  `<MediaServerControl version="1.0"><request>${content}</request></MediaServerControl>`;

describe("Hostile MSCML", () => {
  const refused = {
    "is not XML": "mute alice!",
    "is cut off": request("<stop/>").slice(0, -9),
    "declares entities": `<!DOCTYPE a [<!ENTITY b "${"c".repeat(99)}">]>${request("<stop/>")}`,
    "is of another vocabulary": "<msml/>",
    "has nothing to ask": request(""),
    "is huge": request(`<stop id="${"9".repeat(20_000)}"/>`),
  };
  const answered = {
    "names a request nobody knows": [request('<levitate id="1"/>'), "levitate", 501],
    "asks for a mix nobody knows": [request('<configure_leg mixmode="loud"/>'), "configure_leg", 400],
    "would let keys through": [request('<configure_leg id="2" dtmfclamp="no"/>'), "configure_leg", 501],
    "plays what is not there": [play("sonata"), "play", 404],
    "plays from elsewhere": [
      request('<play><prompt><audio url="file:///etc/passwd"/></prompt></play>'),
      "play",
      404,
    ],
    "climbs out of the folder": [
      request('<play><prompt><audio url="partyline:../words"/></prompt></play>'),
      "play",
      404,
    ],
  } as const;

  test("is refused, or answered by name, and changes nothing", async () => {
    const films = await studio();
    const alice = await joinWatched(films, "comedies", 450);
    const bob = await join(films, "comedies", 600);
    for (const [what, document] of Object.entries(refused)) {
      const { status, reason } = await alice.leg.request("INFO", { type: MSCML, content: document });
      assert.equal(status, 400, what);
      assert.notEqual(reason, "Bad Request", what);
    }
    for (const [what, [document]] of Object.entries(answered))
      assert.equal(await alice.ask(document), 200, what);
    const answers = await alice.tells(Object.keys(answered).length);

    assert.deepEqual(
      answers.map((one) => one.kind === "response" && [one.request, one.code, one.text !== ""]),
      Object.values(answered).map(([, name, code]) => [name, code, true]),
    );
    assert.deepEqual(
      answers.map((one) => one.kind === "response" && one.id),
      ["1", undefined, "2", undefined, undefined, undefined],
    );
    await Promise.all([bob.party.hears(450), alice.party.hears(600)]);
  });

  test("of another type is refused with what would be taken, and an empty INFO is a sign of life", async () => {
    const films = await studio();
    const alice = await joinWatched(films, "comedies", undefined);
    const other = await alice.leg.request("INFO", { type: "application/media_control+xml", content: "<a/>" });
    assert.deepEqual([other.status, other.headers["accept"]], [415, MSCML]);
    assert.equal((await alice.leg.request("INFO")).status, 200);
    assert.equal((await alice.leg.request("INVENT")).status, 501);
  });

  test("in a flood is put off when its owner takes no answers", async () => {
    const films = await studio();
    const held = Promise.withResolvers<{ status: number }>();
    const alice = await join(films, "comedies", undefined, { onRequest: () => held.promise });
    const asked = Array.from({ length: 60 }, () =>
      alice.leg.request("INFO", { type: MSCML, content: stopPlaying() }),
    );
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    held.resolve({ status: 200 });
    assert.deepEqual(new Set(statuses), new Set([200, 503]));
    assert.equal(alice.leg.state, "confirmed");
  });
});
