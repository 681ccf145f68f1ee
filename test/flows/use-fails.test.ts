/** Use (paper §IV) that does not come off: alice stays where she was, or nobody is left behind. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { atTheDesk } from "../support/at-the-desk.ts";
import type { Stage } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

const leg = (name: string) => stage.cast.leg(name);

/** Everything is as before the command that failed. */
function stillAtTheDesk(): void {
  assert.equal(leg("desk").state, "confirmed");
  assert.equal(leg("comedies").state, "confirmed");
  assert.deepEqual(stage.deviceStates, ["desk busy", "kitchen ready"]);
  assert.equal(stage.service.calls()[0]?.dev, "desk");
  assert.equal(stage.service.calls()[0]?.state, "active");
}

describe("Use that fails leaves alice at the desk phone", () => {
  test("when the kitchen phone is busy", async () => {
    stage = await atTheDesk(["direct", "direct"], { kitchen: { refuses: 486 } });

    await assert.rejects(stage.use("kitchen"), { code: "device-busy" });

    stage.ladder.reads(`
      service -> kitchen: INVITE
      kitchen -> service: 486
    `);
    stillAtTheDesk();
  });

  test("when the kitchen phone is not there (480)", async () => {
    stage = await atTheDesk(["anchored", "anchored"], { kitchen: { refuses: 480 } });

    await assert.rejects(stage.use("kitchen"), { code: "device-timeout" });

    assert.deepEqual(stage.cast.alive(), ["comedies"]);
    stillAtTheDesk();
  });

  test("when comedies refuses the kitchen phone's media (488)", async () => {
    stage = await atTheDesk(["direct", "direct"], { comedies: { refusesOffers: 488 } });

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
    stage = await atTheDesk(["direct", "anchored"], { comedies: { refusesOffers: 491 } });

    await assert.rejects(stage.use("kitchen"), { sip: 491 });

    assert.equal(leg("kitchen").state, "ended");
    stillAtTheDesk();
  });

  test("when the kitchen phone dies after comedies has moved: comedies is brought back", async () => {
    stage = await atTheDesk(["direct", "anchored"]);
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
    stage = await atTheDesk(["direct", "anchored"]);
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
    stage = await atTheDesk(["direct", "direct"], { kitchen: { answers: answers.promise } });
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
    stage = await atTheDesk(["direct", "anchored"]);
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
    stage = await atTheDesk(["direct", "direct"], { kitchen: { answers: answers.promise } });
    const used = stage.use("kitchen");
    await stage.sees("service -> kitchen: INVITE");

    leg("comedies").hangsUp();
    answers.resolve();

    await assert.rejects(used, { code: "no-active-call" });
    assert.deepEqual(stage.cast.alive("nobody"), []);
    assert.deepEqual(stage.service.calls(), []);
  });
});
