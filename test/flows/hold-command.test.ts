/** Hold and Resume: the far end is told by a direction (RFC 3264 §8.4), and nobody hears what is not meant for them. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { directionsOf, withDirection } from "#sdp/hold.ts";
import { mediaOf } from "../support/rtp-party.ts";
import { Stage } from "../support/service-cast.ts";
import { TwoPhones } from "../support/two-phones.ts";

let stage: Stage;

const leg = (name: string) => stage.cast.leg(name);
const state = () => stage.service.calls()[0]?.state;

/** The actor's re-INVITE with its audio in this direction; resolves with that of the answer. */
async function says(name: string, direction: "sendrecv" | "sendonly"): Promise<string | undefined> {
  const offer = withDirection(leg(name).description, direction);
  const answer = (await leg(name).handlers.onOffer?.(offer)) ?? "";
  leg(name).described(offer, answer);
  return directionsOf(answer)[0];
}

/** What comedies was told of our direction, in order. */
const told = (who = "comedies") =>
  stage.ladder.steps(`service -> ${who}: INVITE`).map((step) => step.split(" ").at(-1));

describe("Hold of an anchored call", () => {
  afterEach(() => stage.service.close());

  test("tells comedies that it is only sent to, and Resume that all is as before", async () => {
    stage = await Stage.inCall("comedies");

    await stage.hold();
    await stage.sees("comedies -> service: 200");
    assert.equal(state(), "held");
    await stage.hold(false);
    assert.equal(state(), "active");
    await new Promise(setImmediate);

    stage.ladder.reads(`
      service  -> comedies: INVITE again sdp of service sendonly
      comedies -> service:  200
      service  -> comedies: INVITE again sdp of service
      comedies -> service:  200
    `);
    assert.deepEqual(stage.states, ["calling-device", "dialing", "active", "held", "active"]);
  });

  test("counts also when comedies refuses to hear of it: nobody is heard", async () => {
    stage = new Stage({ roles: { comedies: { refusesOffers: 488 } } });
    await stage.join("comedies");

    await stage.hold();

    assert.equal(state(), "held");
  });

  test("keeps the mute: what comes back is what there was", async () => {
    stage = await Stage.inCall("comedies");

    await stage.mute(true);
    await stage.sees("recvonly");
    await stage.hold();
    await stage.sees("inactive");
    await stage.hold(false);
    await new Promise(setImmediate);

    assert.deepEqual(told(), ["recvonly", "inactive", "recvonly"]);
    assert.equal(stage.service.calls()[0]?.muted, true);
  });

  test("may meet a hold of comedies itself; each ends its own", async () => {
    stage = new Stage();
    await stage.join("comedies");

    await stage.hold();
    await stage.sees("sendonly");
    assert.equal(await says("comedies", "sendonly"), "inactive");
    assert.equal(await says("comedies", "sendrecv"), "sendonly");
    await stage.hold(false);
    assert.equal(await says("comedies", "sendonly"), "recvonly");

    assert.equal(state(), "active");
  });

  test("goes along to dramas, and is lifted there", async () => {
    stage = new Stage();
    await stage.join("comedies");
    await stage.hold();

    await stage.switchTo("dramas:5090");
    assert.equal(state(), "held");
    await stage.hold(false);
    await new Promise(setImmediate);

    assert.deepEqual(told("dramas"), ["sendonly", "service"]);
    assert.deepEqual(stage.states.slice(-3), ["switching", "held", "active"]);
  });

  test("stays when dramas refuses", async () => {
    stage = new Stage({ roles: { dramas: { refuses: 603 } } });
    await stage.join("comedies");
    await stage.hold();

    await assert.rejects(stage.switchTo("dramas:5090"), { code: "switch-failed" });

    assert.equal(state(), "held");
  });

  test("during a switch is told to dramas once it has answered", async () => {
    const answers = Promise.withResolvers<void>();
    stage = new Stage({ roles: { dramas: { answers: answers.promise } } });
    await stage.join("comedies");
    const switched = stage.switchTo("dramas:5090");
    await stage.sees("service -> dramas: INVITE");

    await stage.hold();
    assert.equal(state(), "switching");
    answers.resolve();
    await switched;
    await stage.sees("service -> dramas: INVITE again");

    assert.equal(state(), "held");
    assert.deepEqual(told("dramas"), ["service", "sendonly"]);
  });

  test("twice, or Resume of what is not held, sends nothing", async () => {
    stage = new Stage();
    await stage.join("comedies");
    await stage.hold(false);
    await stage.hold();
    await stage.sees("sendonly");
    stage.ladder.clear();

    await stage.hold();

    stage.ladder.reads("");
  });

  test("of a call that nobody has answered cannot be; of none neither", async () => {
    stage = new Stage({ roles: { comedies: { silent: true } } });
    const joined = stage.join("comedies");
    joined.catch(() => undefined);
    await stage.sees("service -> comedies: INVITE");

    await assert.rejects(stage.hold(), { code: "wrong-state" });
    await stage.leave();
    await assert.rejects(stage.hold(), { code: "no-active-call" });
  });
});

describe("Hold of a call whose media run directly", () => {
  afterEach(() => stage.service.close());

  test("silences both ends, for nothing of ours is in between", async () => {
    stage = await Stage.inCall("comedies", { anchored: false });

    await stage.hold();
    assert.equal(state(), "held");
    await stage.hold(false);

    stage.ladder.reads(`
      service  -> comedies: INVITE again sdp of desk inactive
      comedies -> service:  200
      service  -> desk:     INVITE again sdp of comedies inactive
      desk     -> service:  200
      service  -> comedies: INVITE again sdp of desk
      comedies -> service:  200
      service  -> desk:     INVITE again sdp of comedies
      desk     -> service:  200
    `);
  });

  test("is not there when comedies refuses it", async () => {
    stage = await Stage.inCall("comedies", { anchored: false, roles: { comedies: { refusesOffers: 488 } } });

    await assert.rejects(stage.hold(), { code: "media-mismatch" });

    assert.equal(state(), "active");
    stage.ladder.reads(`
      service  -> comedies: INVITE again sdp of desk inactive
      comedies -> service:  488
    `);
  });

  test("holds against a new offer of comedies, and one of the desk phone", async () => {
    stage = new Stage({ anchored: false });
    await stage.join("comedies");
    await stage.hold();
    stage.ladder.clear();

    assert.equal(await says("comedies", "sendrecv"), "inactive");
    assert.equal(await says("desk", "sendrecv"), "inactive");

    stage.ladder.reads(`
      service  -> desk:     INVITE again sdp of comedies inactive
      desk     -> service:  200
      service  -> comedies: INVITE again sdp of desk inactive
      comedies -> service:  200
    `);
    await stage.hold(false);
    assert.equal(directionsOf(leg("desk").localDescription)[0], "sendrecv");
    assert.equal(directionsOf(leg("comedies").localDescription)[0], "sendrecv");
  });

  test("keeps the mute, and goes along to dramas", async () => {
    stage = new Stage({ anchored: false });
    await stage.join("comedies");
    await stage.mute(true);
    await stage.hold();

    await stage.switchTo("dramas:5090");
    assert.equal(state(), "held");
    await stage.hold(false);

    assert.deepEqual(told("dramas"), ["inactive", "recvonly"]);
  });
});

describe("What is heard on hold", () => {
  let call: TwoPhones;
  afterEach(() => call.close());
  const hold = (held: boolean) => call.service.hold({ held, client: "k1" });

  test("is silence at both ends in the streams that go on; after Resume both hear each other again", async () => {
    call = await TwoPhones.inCall();
    const { desk, comedies } = call;
    desk.rtp.hz = 400;
    comedies.rtp.hz = 500;
    desk.rtp.talkTo(mediaOf(desk.described));
    comedies.rtp.talkTo(mediaOf(comedies.described));
    await Promise.all([comedies.rtp.hears(400), desk.rtp.hears(500)]);

    await hold(true);
    // What was on its way may still come.
    await Promise.all([desk.rtp.frames(5), comedies.rtp.frames(5)]);
    for (const { rtp } of [desk, comedies]) rtp.forget();
    await Promise.all([desk.rtp.frames(25), comedies.rtp.frames(25)]);
    assert.deepEqual(desk.rtp.heard.tonesHeard(), []);
    assert.deepEqual(comedies.rtp.heard.tonesHeard(), []);
    await hold(false);
    await Promise.all([comedies.rtp.hears(400), desk.rtp.hears(500)]);

    for (const { rtp } of [desk, comedies]) assert.equal(rtp.heard.ssrcChanges(), 0);
  });
});
