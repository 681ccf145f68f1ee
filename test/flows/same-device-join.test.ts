/** Figure 6 of the paper: SameDeviceJoin, the device moved to another conference without being hung up. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { Stage } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

const focus = { focus: true };

describe("SameDeviceJoin within one conference server", () => {
  test("lets the focus move the stream; the desk phone hears of nothing", async () => {
    stage = await Stage.inCall("comedies", { roles: { comedies: focus, dramas: focus } });

    const switched = await stage.switchTo("dramas");

    assert.deepEqual({ ...switched, gapMs: 0 }, { call: "c1", conf: "sip:dramas@127.0.0.1", gapMs: 0 });
    await new Promise(setImmediate);
    stage.ladder.reads(`
      service  -> dramas:   INVITE sdp of service replaces comedies
      dramas   -> service:  200 sdp of dramas
      service  -> dramas:   SUBSCRIBE conference
      service  -> comedies: SUBSCRIBE expires 0
      comedies -> service:  BYE
    `);
    assert.deepEqual(stage.cast.alive(), ["dramas"]);
    assert.deepEqual(stage.states.slice(-2), ["switching", "active"]);
  });

  test("calls dramas anew when the focus does not move us", async () => {
    const dramas = { focus: true, refusesReplaces: 481 };
    stage = await Stage.inCall("comedies", { roles: { comedies: focus, dramas } });

    await stage.switchTo("dramas");

    stage.ladder.reads(`
      service -> dramas:   INVITE sdp of service replaces comedies
      dramas  -> service:  481
      service -> dramas:   INVITE sdp of service
      dramas  -> service:  200 sdp of dramas
      service -> dramas:   SUBSCRIBE conference
      service -> comedies: SUBSCRIBE expires 0
      service -> comedies: BYE
    `);
  });

  test("hangs up the old dialog itself when the focus forgets to", async (t) => {
    stage = await Stage.inCall("comedies", { roles: { comedies: focus, dramas: focus } });
    const comedies = stage.cast.leg("comedies");
    comedies.hangsUp = () => undefined;
    t.mock.timers.enable({ apis: ["setTimeout"] });

    await stage.switchTo("dramas");
    t.mock.timers.tick(2000);

    assert.deepEqual(stage.ladder.steps("service -> comedies: BYE").length, 1);
  });
});

describe("SameDeviceJoin to another server, media through the service", () => {
  test("calls dramas first, then leaves comedies; the desk phone hears of nothing", async () => {
    stage = await Stage.inCall("comedies");

    await stage.switchTo("dramas:5082");

    stage.ladder.reads(`
      service -> dramas:   INVITE sdp of service
      dramas  -> service:  200 sdp of dramas
      service -> comedies: BYE
    `);
  });

  test("leaves the user in comedies when dramas is busy", async () => {
    stage = await Stage.inCall("comedies", { roles: { dramas: { refuses: 486 } } });

    await assert.rejects(stage.switchTo("dramas:5082"), {
      code: "switch-failed",
      sip: 486,
      message: "sip:dramas@127.0.0.1:5082 is busy; still in sip:comedies@127.0.0.1.",
    });

    stage.ladder.reads(`
      service -> dramas:  INVITE sdp of service
      dramas  -> service: 486
    `);
    const [call] = stage.service.calls();
    assert.deepEqual([call?.state, call?.id], ["active", "sip:comedies@127.0.0.1"]);
  });

  test("gives dramas 4 s to answer, and stays in comedies", async (t) => {
    stage = await Stage.inCall("comedies", { roles: { dramas: { silent: true } } });
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const message = "sip:dramas@127.0.0.1:5082 did not answer; still in sip:comedies@127.0.0.1.";
    const switching = assert.rejects(stage.switchTo("dramas:5082"), { code: "switch-failed", message });
    await stage.sees("INVITE");

    t.mock.timers.tick(3999);
    assert.equal(stage.service.calls()[0]?.state, "switching");
    t.mock.timers.tick(1);

    await switching;
    stage.ladder.reads(`
      service -> dramas: INVITE sdp of service
      service -> dramas: CANCEL
    `);
    assert.equal(stage.service.calls()[0]?.state, "active");
  });

  test("lets bob ring longer than that, until he picks up", async (t) => {
    const { promise: answers, resolve } = Promise.withResolvers<void>();
    stage = await Stage.inCall("comedies", { roles: { bob: { rings: true, answers } } });
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const switching = stage.switchTo("bob:5082");
    await stage.sees("180");

    t.mock.timers.tick(20_000);
    t.mock.timers.reset();
    resolve();

    await switching;
    assert.equal(stage.service.calls()[0]?.id, "sip:bob@127.0.0.1:5082");
  });

  test("says that the call is lost when comedies hangs up while dramas refuses", async () => {
    const { promise: answers, resolve } = Promise.withResolvers<void>();
    stage = await Stage.inCall("comedies", { roles: { dramas: { refuses: 486, answers } } });
    const switching = assert.rejects(stage.switchTo("dramas:5082"), { code: "switch-lost", sip: 486 });
    await stage.sees("INVITE");

    stage.cast.leg("comedies").hangsUp();
    resolve();

    await switching;
    stage.ladder.reads(`
      service  -> dramas:  INVITE sdp of service
      comedies -> service: BYE
      dramas   -> service: 486
      service  -> desk:    BYE
    `);
  });
});

describe("SameDeviceJoin, media past the service", () => {
  test("within one conference server lets the focus move the stream; the desk phone hears of nothing", async () => {
    stage = await Stage.inCall("comedies", {
      anchored: false,
      roles: { comedies: focus, dramas: { focus: true, media: "comedies" } },
    });

    await stage.switchTo("dramas");

    assert.deepEqual(stage.ladder.steps("service -> desk"), []);
    assert.deepEqual(stage.ladder.steps("INVITE"), [
      "service -> dramas: INVITE sdp of desk replaces comedies",
    ]);
  });

  test("to another server moves the desk phone by re-INVITE, and leaves comedies last", async () => {
    stage = await Stage.inCall("comedies", { anchored: false });

    await stage.switchTo("dramas:5082");

    stage.ladder.reads(`
      service -> dramas:   INVITE sdp of desk
      dramas  -> service:  200 sdp of dramas
      service -> desk:     INVITE again sdp of dramas
      desk    -> service:  200
      service -> comedies: BYE
    `);
  });

  test("takes dramas down again when the desk phone refuses the new media", async () => {
    stage = await Stage.inCall("comedies", { anchored: false, roles: { desk: { refusesOffers: 488 } } });

    await assert.rejects(stage.switchTo("dramas:5082"), { code: "switch-failed", sip: 488 });

    stage.ladder.reads(`
      service -> dramas:  INVITE sdp of desk
      dramas  -> service: 200 sdp of dramas
      service -> desk:    INVITE again sdp of dramas
      desk    -> service: 488
      service -> dramas:  BYE
    `);
    assert.deepEqual(stage.cast.alive(), ["comedies"]);
  });
});

describe("What goes along with a switch", () => {
  test("keeps a microphone open that the user opened, though the site begins muted", async () => {
    stage = new Stage({ roles: { comedies: focus, dramas: focus } });
    await stage.join("comedies", "desk", { muted: true });
    await stage.mute(false);

    await stage.switchTo("dramas", { muted: true });

    assert.equal(stage.service.calls()[0]?.muted, false);
  });

  test("keeps the user muted", async () => {
    stage = await Stage.inCall("comedies", { roles: { comedies: focus, dramas: focus } });
    await stage.mute(true);
    await stage.switchTo("dramas");

    await new Promise(setImmediate);
    assert.deepEqual(stage.ladder.steps("INVITE"), [
      "service -> comedies: INVITE again sdp of service recvonly",
      "service -> dramas: INVITE sdp of service recvonly replaces comedies",
    ]);
    assert.equal(stage.service.calls()[0]?.muted, true);
  });

  test("asks for a device when there is no call to move", async () => {
    stage = new Stage();

    const { call, gapMs } = await stage.service.switchTo({
      ...stage.request("comedies"),
      fallback: "external",
    });

    assert.deepEqual([call, gapMs], ["c1", 0]);
    assert.deepEqual(stage.cast.alive(), ["comedies"]);
  });

  test("says so when there is none and the client wants no other way", async () => {
    stage = new Stage();

    await assert.rejects(stage.switchTo("comedies"), { code: "no-active-call" });

    stage.ladder.reads("");
  });
});
