/** Use (paper §IV): another device in the middle of a call, whichever way the media of both run. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { directionsOf } from "#sdp/hold.ts";
import { atTheDesk } from "../support/at-the-desk.ts";
import { Stage } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

const leg = (name: string) => stage.cast.leg(name);

describe("Use", () => {
  test("between anchored phones: comedies hears of nothing", async () => {
    stage = await atTheDesk(["anchored", "anchored"]);

    await stage.use("kitchen");

    stage.ladder.reads(`
      service -> kitchen: INVITE sdp of service
      kitchen -> service: 200 sdp of kitchen
      service -> desk:    BYE
    `);
    assert.deepEqual(stage.deviceStates, ["desk ready", "kitchen busy"]);
    assert.equal(stage.service.calls()[0]?.dev, "kitchen");
  });

  test("from an anchored phone to one whose media run directly: comedies is told where", async () => {
    stage = await atTheDesk(["anchored", "direct"]);

    await stage.use("kitchen");

    stage.ladder.reads(`
      service  -> kitchen:  INVITE
      kitchen  -> service:  200 sdp of kitchen
      service  -> comedies: INVITE again sdp of kitchen
      comedies -> service:  200
      service  -> kitchen:  ACK sdp of comedies
      service  -> desk:     BYE
    `);
    assert.deepEqual(stage.deviceStates, ["desk ready", "kitchen busy"]);
  });

  test("from a phone with direct media to an anchored one", async () => {
    stage = await atTheDesk(["direct", "anchored"]);

    await stage.use("kitchen");

    stage.ladder.reads(`
      service  -> kitchen:  INVITE sdp of service
      kitchen  -> service:  200 sdp of kitchen
      service  -> comedies: INVITE again sdp of service
      comedies -> service:  200
      service  -> desk:     BYE
    `);
  });

  test("between two phones with direct media, and back", async () => {
    stage = await atTheDesk(["direct", "direct"]);

    await stage.use("kitchen");
    await stage.use("desk");

    stage.ladder.reads(`
      service  -> kitchen:  INVITE
      kitchen  -> service:  200 sdp of kitchen
      service  -> comedies: INVITE again sdp of kitchen
      comedies -> service:  200
      service  -> kitchen:  ACK sdp of comedies
      service  -> desk:     BYE
      service  -> desk:     INVITE
      desk     -> service:  200 sdp of desk
      service  -> comedies: INVITE again sdp of desk
      comedies -> service:  200
      service  -> desk:     ACK sdp of comedies
      service  -> kitchen:  BYE
    `);
  });

  for (const way of ["anchored", "direct"] as const) {
    test(`of the device in use does nothing, whatever it is called: ${way}`, async () => {
      stage = await atTheDesk([way, way]);

      await stage.use("desk");

      stage.ladder.reads("");
    });

    test(`ends the call when the new device hangs up, not when the old one does: ${way}`, async () => {
      stage = await atTheDesk(["anchored", way]);
      await stage.use("kitchen");

      leg("kitchen").hangsUp();

      assert.deepEqual(stage.service.calls(), []);
      assert.deepEqual(stage.cast.alive(), []);
    });
  }

  test("keeps the name and the state of the call, and the next switch goes on from there", async () => {
    stage = await atTheDesk(["direct", "anchored"]);

    await stage.use("kitchen");
    const switched = await stage.switchTo("dramas");

    assert.equal(switched.call, "c1");
    assert.deepEqual(stage.cast.alive("kitchen"), ["dramas"]);
    assert.equal(leg("kitchen").state, "confirmed");
  });

  test("twice at once ends at the later one", async () => {
    stage = new Stage({ phones: ["desk", "kitchen", "sofa"], direct: ["desk", "kitchen", "sofa"] });
    await stage.join("comedies");

    await Promise.all([stage.use("kitchen"), stage.use("sofa")]);

    assert.deepEqual(stage.deviceStates, ["desk ready", "kitchen ready", "sofa busy"]);
    assert.deepEqual(stage.cast.alive("sofa"), ["comedies"]);
  });

  test("marks the device that is called, so that nobody else takes it", async () => {
    const answers = Promise.withResolvers<void>();
    stage = await atTheDesk(["direct", "direct"], { kitchen: { answers: answers.promise } });

    const used = stage.use("kitchen");
    await stage.sees("service -> kitchen: INVITE");

    assert.deepEqual(stage.deviceStates, ["desk busy", "kitchen busy"]);
    await assert.rejects(stage.join("dramas", "kitchen"), { code: "device-busy" });
    answers.resolve();
    await used;
  });

  test("leaves new offers of comedies to the new device", async () => {
    stage = await atTheDesk(["direct", "direct"]);
    await stage.use("kitchen");
    stage.ladder.clear();

    await leg("comedies").handlers.onOffer?.(leg("comedies").description);

    stage.ladder.reads(`
      service -> kitchen: INVITE again sdp of comedies
      kitchen -> service: 200
    `);
  });

  test("keeps the mute, and the hold", async () => {
    stage = await atTheDesk(["anchored", "direct"]);
    await stage.mute(true);
    await stage.sees("service -> comedies: INVITE again sdp of service recvonly");
    await stage.use("kitchen");
    assert.deepEqual(stage.ladder.steps("service -> comedies").slice(-1), [
      "service -> comedies: INVITE again sdp of kitchen recvonly",
    ]);

    await stage.hold();
    await stage.use("desk");

    assert.equal(stage.service.calls()[0]?.state, "held");
    assert.deepEqual(stage.ladder.steps("service -> comedies").slice(-1), [
      "service -> comedies: INVITE again sdp of service inactive",
    ]);
  });
});

describe("A switch of conference and one of device at once", () => {
  test("happen one after the other", async () => {
    const answers = Promise.withResolvers<void>();
    stage = await atTheDesk(["direct", "direct"], { kitchen: { answers: answers.promise } });

    const used = stage.use("kitchen");
    await stage.sees("service -> kitchen: INVITE");
    const switched = stage.switchTo("dramas:5090");
    answers.resolve();
    await used;
    await switched;

    assert.deepEqual(stage.cast.alive("kitchen"), ["dramas"]);
    assert.equal(leg("desk").state, "ended");
    assert.equal(directionsOf(leg("kitchen").description)[0], "sendrecv");
  });
});
