/** Figure 2 of the paper: joining a conference, and what becomes of it until the last one leaves. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { Leg } from "#sip/leg.ts";
import { ConferenceCast, type Person } from "../support/conference-cast.ts";
import { until } from "../support/until.ts";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
  bob = await cast.person("bob");
});

afterEach(() => cast.close());

const left = (id: string, count: number) => until(() => cast.count(id) === count, `${count} in ${id}`);

/** The mixer is asked for the keys that are pressed; when, is all the same. */
const isAboutKeys = (step: string) => /-> mixer: INFO$|mixer -> conference: 200$/.test(step);

describe("Joining a conference", () => {
  test("creates it for the first caller, with media from the mixer", async () => {
    const leg = await alice.joins("films");

    assert.deepEqual(cast.mixer.ports("films"), [readAudio(leg.description)?.port]);
    assert.equal(leg.remoteContact.uri, alice.room("films"));
    assert.ok("isfocus" in leg.remoteContact.params);
    assert.ok(leg.supports.has("replaces") && leg.supports.has("tdialog"));
    await until(() => cast.ladder.steps("ACK").length === 2, "both ACKs");
    cast.ladder.drop(isAboutKeys);
    cast.ladder.reads(`
      alice      -> conference: INVITE sdp
      conference -> mixer:      INVITE sdp
      mixer      -> conference: 200 sdp
      conference -> alice:      200 sdp
      alice      -> conference: ACK
      conference -> mixer:      ACK
    `);
  });

  test("adds the second caller to it", async () => {
    await alice.joins("films");
    await bob.joins("films");

    assert.equal(cast.count("films"), 2);
    assert.equal(cast.mixer.ports("films").length, 2);
  });

  test("passes each phone's own description to the mixer and the mixer's to the phone", async () => {
    const leg = await alice.joins("films");
    const [mixerLeg] = cast.mixer.legs("films");

    assert.equal(readAudio(mixerLeg?.description ?? "")?.port, alice.rtpPort);
    assert.equal(readAudio(leg.description)?.port, cast.mixer.ports("films")[0]);
  });

  test("ends it when the last one leaves, and its media with it", async () => {
    const alices = await alice.joins("films");
    const bobs = await bob.joins("films");
    await alices.bye();
    await left("films", 1);
    await bobs.bye();
    await left("films", 0);

    assert.equal(cast.server.focus.conferences.has("films"), false);
    await until(() => cast.mixer.ports("films").length === 0, "the mixer's legs to end");
  });

  test("takes a caller without an offer: the mixer offers, the ACK brings the answer", async () => {
    await alice.joins("films", { answerOffer: (offer) => alice.answer(offer) });
    await left("films", 1);

    const [mixerLeg] = cast.mixer.legs("films");
    const port = () => readAudio(mixerLeg?.description ?? "")?.port;
    await until(() => port() === alice.rtpPort, "her answer at the mixer");
    cast.ladder.drop(isAboutKeys);
    cast.ladder.reads(`
      alice      -> conference: INVITE
      conference -> mixer:      INVITE
      mixer      -> conference: 200 sdp
      conference -> alice:      200 sdp
      alice      -> conference: ACK sdp
      conference -> mixer:      ACK sdp
    `);
  });

  test("is refused when the URI names no conference", async () => {
    await assert.rejects(alice.joins("films=1"), { status: 404 });
    assert.deepEqual(cast.ladder.steps("mixer"), []);
  });
});

describe("When the mixer", () => {
  test("is full, the caller hears 503 and nothing is left behind", async () => {
    cast.mixer.refusing = 486;

    await assert.rejects(alice.joins("films"), { status: 503 });
    assert.equal(cast.server.focus.conferences.size, 0);
  });

  test("has no codec of the caller's, the caller hears 488", async () => {
    cast.mixer.refusing = 488;

    await assert.rejects(alice.joins("films"), { status: 488 });
    assert.equal(cast.server.focus.conferences.size, 0);
  });

  test("says nothing for four seconds, the caller hears 503", async () => {
    cast.mixer.refusing = "silence";

    await assert.rejects(alice.joins("films"), { status: 503 });
    assert.equal(cast.server.focus.conferences.size, 0);
  });

  test("hangs up, the phone is told why", async () => {
    const ended = Promise.withResolvers<string>();
    await alice.joins("films", { handlers: { onEnded: ended.resolve } });
    await cast.mixer.legs("films")[0]?.bye();

    assert.match(await ended.promise, /The mixer ended the media/);
    assert.equal(cast.server.focus.conferences.size, 0);
  });
});

describe("A caller who cancels", () => {
  test("while the mixer is being asked leaves nothing behind on either side", async () => {
    const cancel = new AbortController();
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    cast.mixer.onOrder = () => {
      asked.resolve();
      return go.promise;
    };
    const joining = assert.rejects(alice.joins("films", { signal: cancel.signal }), { status: 487 });
    await asked.promise;
    cancel.abort();
    await joining;
    await until(() => cast.ladder.steps("conference -> alice: 487").length === 1, "487 to alice");
    await until(() => cast.ladder.steps("mixer -> conference: 487").length === 1, "487 from the mixer");
    go.resolve();

    assert.equal(cast.server.focus.conferences.size, 0);
    assert.deepEqual(cast.mixer.ports("films"), []);
  });
});

describe("A participant's own re-INVITE", () => {
  let leg: Leg;

  beforeEach(async () => {
    leg = await alice.joins("films");
  });

  test("reaches the mixer, and the mixer's answer comes back", async () => {
    const answer = await leg.offer(alice.offer.replace("a=sendrecv", "a=recvonly"));

    assert.equal(readAudio(answer)?.direction, "sendonly");
    assert.equal(readAudio(cast.mixer.legs("films")[0]?.description ?? "")?.direction, "recvonly");
  });

  test("changes nothing when the mixer refuses it", async () => {
    const video = alice.offer.replace("m=audio", "m=video");

    await assert.rejects(leg.offer(video));
    assert.equal(readAudio(cast.mixer.legs("films")[0]?.description ?? "")?.port, alice.rtpPort);
    assert.equal(cast.count("films"), 1);
  });
});
