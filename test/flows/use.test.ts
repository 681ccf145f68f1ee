/** Use (paper §IV): another device in the middle of a call, whichever way the media of both run. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { directionsOf } from "#sdp/hold.ts";
import type { Role } from "../support/fake-legs.ts";
import { Stage } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

type Way = "anchored" | "direct";

/** Alice talks to comedies through the desk phone; the kitchen phone is there too. */
async function atTheDesk(
  [desk, kitchen]: readonly [Way, Way],
  roles: Readonly<Record<string, Role>> = {},
): Promise<void> {
  const direct = [...(desk === "direct" ? ["desk"] : []), ...(kitchen === "direct" ? ["kitchen"] : [])];
  stage = new Stage({ phones: ["desk", "kitchen"], direct, roles });
  await stage.join("comedies");
  stage.ladder.clear();
}
const leg = (name: string) => stage.cast.leg(name);
const devices = () => stage.service.devices().map(({ dev, state }) => `${dev} ${state}`);

/** Everything is as before the command that failed. */
function stillAtTheDesk(): void {
  assert.equal(leg("desk").state, "confirmed");
  assert.equal(leg("comedies").state, "confirmed");
  assert.deepEqual(devices(), ["desk busy", "kitchen ready"]);
  assert.equal(stage.service.calls()[0]?.dev, "desk");
  assert.equal(stage.service.calls()[0]?.state, "active");
}

describe("Use", () => {
  test("between anchored phones: comedies hears of nothing", async () => {
    await atTheDesk(["anchored", "anchored"]);

    await stage.use("kitchen");

    stage.ladder.reads(`
      service -> kitchen: INVITE sdp of service
      kitchen -> service: 200 sdp of kitchen
      service -> desk:    BYE
    `);
    assert.deepEqual(devices(), ["desk ready", "kitchen busy"]);
  });

  test("from an anchored phone to one whose media run directly: comedies is told where", async () => {
    await atTheDesk(["anchored", "direct"]);

    await stage.use("kitchen");

    stage.ladder.reads(`
      service  -> kitchen:  INVITE
      kitchen  -> service:  200 sdp of kitchen
      service  -> comedies: INVITE again sdp of kitchen
      comedies -> service:  200
      service  -> kitchen:  ACK sdp of comedies
      service  -> desk:     BYE
    `);
    assert.deepEqual(devices(), ["desk ready", "kitchen busy"]);
  });

  test("from a phone with direct media to an anchored one", async () => {
    await atTheDesk(["direct", "anchored"]);

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
    await atTheDesk(["direct", "direct"]);

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

  test("of the device in use does nothing, whatever it is called", async () => {
    await atTheDesk(["direct", "direct"]);

    await stage.use("desk");

    stage.ladder.reads("");
  });

  test("keeps the name and the state of the call, and the next switch goes on from there", async () => {
    await atTheDesk(["direct", "anchored"]);

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

    assert.deepEqual(devices(), ["desk ready", "kitchen ready", "sofa busy"]);
    assert.deepEqual(stage.cast.alive("sofa"), ["comedies"]);
  });

  test("marks the device that is called, so that nobody else takes it", async () => {
    const answers = Promise.withResolvers<void>();
    await atTheDesk(["direct", "direct"], { kitchen: { answers: answers.promise } });

    const used = stage.use("kitchen");
    await stage.sees("service -> kitchen: INVITE");

    assert.deepEqual(devices(), ["desk busy", "kitchen busy"]);
    await assert.rejects(stage.join("dramas", "kitchen"), { code: "device-busy" });
    answers.resolve();
    await used;
  });

  test("ends the call when the new device hangs up, not when the old one does", async () => {
    await atTheDesk(["anchored", "direct"]);
    await stage.use("kitchen");

    leg("kitchen").hangsUp();

    assert.deepEqual(stage.service.calls(), []);
    assert.deepEqual(stage.cast.alive(), []);
  });

  test("leaves new offers of comedies to the new device", async () => {
    await atTheDesk(["direct", "direct"]);
    await stage.use("kitchen");
    stage.ladder.clear();

    await leg("comedies").handlers.onOffer?.(leg("comedies").description);

    stage.ladder.reads(`
      service -> kitchen: INVITE again sdp of comedies
      kitchen -> service: 200
    `);
  });

  test("keeps the mute, and the hold", async () => {
    await atTheDesk(["anchored", "direct"]);
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

describe("Use that fails leaves alice at the desk phone", () => {
  test("when the kitchen phone is busy", async () => {
    await atTheDesk(["direct", "direct"], { kitchen: { refuses: 486 } });

    await assert.rejects(stage.use("kitchen"), { code: "device-busy" });

    stage.ladder.reads(`
      service -> kitchen: INVITE
      kitchen -> service: 486
    `);
    stillAtTheDesk();
  });

  test("when comedies refuses the kitchen phone's media (488)", async () => {
    await atTheDesk(["direct", "direct"], { comedies: { refusesOffers: 488 } });

    await assert.rejects(stage.use("kitchen"), { code: "media-mismatch", sip: 488 });

    stage.ladder.reads(`
      service  -> kitchen:  INVITE
      kitchen  -> service:  200 sdp of kitchen
      service  -> comedies: INVITE again sdp of kitchen
      comedies -> service:  488
      service  -> kitchen:  ACK
      service  -> kitchen:  BYE
    `);
    stillAtTheDesk();
  });

  test("when comedies is just changing the call itself (491)", async () => {
    await atTheDesk(["direct", "anchored"], { comedies: { refusesOffers: 491 } });

    await assert.rejects(stage.use("kitchen"), { sip: 491 });

    assert.equal(leg("kitchen").state, "ended");
    stillAtTheDesk();
  });

  test("when the kitchen phone dies after comedies has moved: comedies is brought back", async () => {
    await atTheDesk(["direct", "anchored"]);
    const comedies = leg("comedies");
    const answer = comedies.offer.bind(comedies);
    comedies.offer = async (sdp) => {
      const said = await answer(sdp);
      comedies.offer = answer;
      leg("kitchen").hangsUp();
      return said;
    };

    await assert.rejects(stage.use("kitchen"), { code: "device-refused" });

    stage.ladder.reads(`
      service  -> kitchen:  INVITE sdp of service
      kitchen  -> service:  200 sdp of kitchen
      service  -> comedies: INVITE again sdp of service
      comedies -> service:  200
      kitchen  -> service:  BYE
      service  -> comedies: INVITE again sdp of desk
      comedies -> service:  200
    `);
    stillAtTheDesk();
  });

  test("when comedies says nothing to its re-INVITE for four seconds, and is told to come back", async (t) => {
    await atTheDesk(["direct", "anchored"]);
    const comedies = leg("comedies");
    const told: string[] = [];
    comedies.offer = (sdp) => {
      told.push(stage.cast.describe(sdp));
      return new Promise(() => undefined);
    };
    t.mock.timers.enable({ apis: ["setTimeout"] });

    const used = stage.use("kitchen");
    while (told.length === 0) await new Promise(setImmediate);
    t.mock.timers.tick(4000);

    await assert.rejects(used, { code: "no-answer" });
    assert.deepEqual(told, ["sdp of service", "sdp of desk"]);
    stillAtTheDesk();
  });
});

describe("A call that ends during Use", () => {
  test("by Leave hangs up both phones and comedies", async () => {
    const answers = Promise.withResolvers<void>();
    await atTheDesk(["direct", "direct"], { kitchen: { answers: answers.promise } });
    const used = stage.use("kitchen");
    await stage.sees("service -> kitchen: INVITE");

    await stage.leave();

    await assert.rejects(used, { code: "cancelled" });
    assert.deepEqual(stage.ladder.steps("kitchen"), [
      "service -> kitchen: INVITE",
      "service -> kitchen: CANCEL",
    ]);
    assert.deepEqual(stage.cast.alive("nobody"), []);
  });

  test("because comedies can neither move nor come back, hangs up both phones", async () => {
    await atTheDesk(["direct", "anchored"]);
    const comedies = leg("comedies");
    const answer = comedies.offer.bind(comedies);
    comedies.offer = async (sdp) => {
      const said = await answer(sdp);
      leg("kitchen").hangsUp();
      comedies.offer = async () => {
        throw new Error("gone");
      };
      return said;
    };

    await assert.rejects(stage.use("kitchen"), { code: "switch-lost" });

    assert.deepEqual(stage.cast.alive("nobody"), []);
    assert.equal(stage.states.at(-1), "ended");
  });

  test("because comedies hangs up meanwhile, is over once, with the new phone hung up", async () => {
    const answers = Promise.withResolvers<void>();
    await atTheDesk(["direct", "direct"], { kitchen: { answers: answers.promise } });
    const used = stage.use("kitchen");
    await stage.sees("service -> kitchen: INVITE");

    leg("comedies").hangsUp();
    answers.resolve();

    await assert.rejects(used, { code: "no-active-call" });
    assert.deepEqual(stage.cast.alive("nobody"), []);
    assert.deepEqual(stage.service.calls(), []);
  });
});

describe("A switch of conference and one of device at once", () => {
  test("happen one after the other", async () => {
    const answers = Promise.withResolvers<void>();
    await atTheDesk(["direct", "direct"], { kitchen: { answers: answers.promise } });

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
