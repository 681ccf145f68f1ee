import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { withDirection } from "#sdp/hold.ts";
import { type Direction, readAudio } from "#sdp/session.ts";
import type { Leg } from "#sip/leg.ts";
import type { Sdp } from "#sip/message.ts";
import { ConferenceCast, type Person, type Watch } from "../../support/conference-cast.ts";
import { participantOf } from "../../support/participant-of.ts";
import { plays } from "../../support/sipp.ts";
import { until } from "../../support/until.ts";

const SCENARIOS = join(import.meta.dirname, "..", "..", "interop", "sipp");

let cast: ConferenceCast;
let alice: Person;
let bob: Person;
let alices: Leg;
let watch: Watch;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
  bob = await cast.person("bob");
  alices = await alice.joins("films");
  await bob.joins("films");
  watch = bob.watches("films");
  await watch.heard(1);
});

afterEach(() => cast.close());

const saying = (direction: Direction): Sdp => withDirection(alice.offer, direction);
const directionIn = (sdp: Sdp) => readAudio(sdp)?.direction;
/** Whether the mixer listens to whoever came as number `at`. */
const isHeard = (at = 0) => cast.mixer.heard("films")[at]?.at(-1);

/** Waits for a roster that says this of alice. */
const shows = (what: string, from = 0) =>
  until(
    () =>
      watch.documents.slice(from).some((document) => JSON.stringify(document).includes(`"text":"${what}"`)),
    `"${what}" in the roster`,
    5_000,
  );

/** A phone that calls in, and does what is written. */
const sipp = (scenario: string) =>
  plays(join(SCENARIOS, `${scenario}.xml`), {
    target: { host: "127.0.0.1", port: Number(cast.server.address.split(":").at(-1)) },
    service: "films",
    background: true,
  });

describe("A phone that holds", () => {
  for (const [direction, answered] of [
    ["sendonly", "recvonly"],
    ["inactive", "inactive"],
  ] as const) {
    test(`with ${direction} is listed on hold and not heard, and is heard again by resuming`, async () => {
      const answer = await alices.offer(saying(direction));
      await shows("on-hold");

      assert.equal(directionIn(answer), answered);
      assert.equal(isHeard(), false);
      const known = watch.documents.length;
      const resumed = await alices.offer(saying("sendrecv"));
      await shows("connected", known);
      assert.equal(directionIn(resumed), "sendrecv");
      assert.equal(isHeard(), true);
    });
  }

  test("by an address of zeros is on hold, too", async () => {
    await alices.offer(alice.offer.replace(/^c=.*$/m, "c=IN IP4 0.0.0.0"));
    await shows("on-hold");

    assert.equal(isHeard(), false);
  });

  test("by UPDATE, and resumes so", async () => {
    const update = (direction: Direction) =>
      alices.request("UPDATE", { type: "application/sdp", content: saying(direction) });
    const held = await update("sendonly");
    await shows("on-hold");

    assert.equal(directionIn(held.content), "recvonly");
    assert.equal(isHeard(), false);
    const resumed = await update("sendrecv");
    assert.equal(directionIn(resumed.content), "sendrecv");
    assert.equal(isHeard(), true);
  });

  for (const [way, scenario] of [
    ["in its answer to an offer it asked for", "holds-in-its-answer"],
    ["by UPDATE, and is refused media that nobody can play", "holds-by-update"],
  ] as const) {
    test(`${way}, and resumes so`, async () => {
      const phone = await sipp(scenario);
      await until(() => cast.count("films") === 3, "the phone");
      await until(() => isHeard(2) === false, "silence");
      await shows("on-hold");
      await until(() => isHeard(2) === true, "the phone again");
      await phone.finished;
    });
  }

  test("while the mixer offers something holds all the same: neither waits for the other for ever", async () => {
    alices.handlers = { onOffer: (offer) => alice.answer(offer) };
    const mixers = cast.mixer.legs("films")[0];
    assert.ok(mixers);
    const [held] = await Promise.allSettled([
      alices.offer(saying("sendonly")),
      mixers.offer(mixers.localDescription),
    ]);

    assert.equal(held.status === "fulfilled" && directionIn(held.value), "recvonly");
    assert.equal(isHeard(), false);
    await shows("on-hold");
    alices.handlers = { onOffer: () => saying("sendonly") };
    assert.equal(
      directionIn(await mixers.offer(withDirection(mixers.localDescription, "sendrecv"))),
      "inactive",
    );
    assert.equal(isHeard(), false);
  });

  test("joins on hold: not heard from the first moment on", async () => {
    const carol = await cast.person("carol");
    await carol.joins("films", { offer: withDirection(carol.offer, "sendonly") });
    await shows("on-hold");

    assert.deepEqual(new Set(cast.mixer.heard("films").at(-1)), new Set([false]));
  });

  test("answers a call of the conference on hold: never heard", async () => {
    const carol = await cast.person("carol");
    const answer = carol.answer.bind(carol);
    carol.answer = (offer) => withDirection(answer(offer), "sendonly");
    await alices.refer(carol.address);
    await until(() => cast.count("films") === 3, "carol");

    assert.deepEqual(new Set(cast.mixer.heard("films").at(-1)), new Set([false]));
  });

  test("is moved by the server: on hold there, never heard", async () => {
    await alices.offer(saying("sendonly"));
    const participant = participantOf(cast.server, alices);
    await cast.server.focus.mover.move(participant, "dramas");

    assert.ok(participant.onHold);
    assert.deepEqual(new Set(cast.mixer.heard("dramas")[0]), new Set([false]));
    await alices.offer(saying("sendrecv"));
    assert.equal(cast.mixer.heard("dramas")[0]?.at(-1), true);
  });
});

describe("A phone that is muted and holds", () => {
  const mutes = (muted: boolean) => cast.server.focus.members.all[0]?.silence(muted, "self");

  test("is on hold in the roster, and muted still when it resumes", async () => {
    await mutes(true);
    await shows("muted-via-focus");
    await alices.offer(saying("sendonly"));
    await shows("on-hold");
    const known = watch.documents.length;
    const answer = await alices.offer(saying("sendrecv"));
    await shows("muted-via-focus", known);

    assert.equal(directionIn(answer), "sendrecv");
    assert.equal(isHeard(), false);
    await mutes(false);
    assert.equal(isHeard(), true);
  });

  test("is not heard by being unmuted on hold, but by resuming then", async () => {
    await mutes(true);
    await alices.offer(saying("inactive"));
    await mutes(false);

    assert.equal(isHeard(), false);
    await alices.offer(saying("sendrecv"));
    assert.equal(isHeard(), true);
  });

  test("at a mixer that knows no MSCML is kept silent all the same", async () => {
    cast.mixer.takesMscml = false;
    await mutes(true);
    assert.equal(isHeard(), false);
    await alices.offer(saying("sendonly"));
    await alices.offer(saying("sendrecv"));
    assert.equal(isHeard(), false);
    await mutes(false);
    assert.equal(isHeard(), true);
  });
});

test("A phone that sends its keys by INFO mutes itself by them, and lets itself be heard", async () => {
  const phone = await sipp("presses-keys-by-info");
  await shows("muted-via-focus");
  assert.equal(isHeard(2), false);
  await until(() => isHeard(2) === true, "the phone again");
  await phone.finished;
});
