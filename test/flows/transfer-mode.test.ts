/** Figure 4 of the paper: transfer mode, the device told whom to call, and then the call is the device's. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { SipError } from "#sip/sip-error.ts";
import { ServiceError } from "../../native-host/src/errors.ts";
import { Stage, type StageOptions } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

type Skill = "hangup" | "hold" | "mute" | "dtmf";

/** A desk phone that calls by itself, and understands these words once it has. */
function phoneThat(can: readonly Skill[], more: StageOptions = {}): Stage {
  return new Stage({ phones: [], diallers: [{ id: "desk", can }], ...more });
}
const redial = (room: string) => stage.service.switchTo({ ...stage.request(room), fallback: "redial" });
const views = () => stage.service.calls().map(({ id, state }) => `${id} ${state}`);
const deviceStates = () => stage.service.devices().map(({ state }) => state);

describe("Transfer mode", () => {
  test("tells the desk phone to call comedies, and has no part in the call", async () => {
    stage = phoneThat([]);

    const joined = await stage.join("comedies");

    stage.ladder.reads("service -> desk: call comedies");
    assert.deepEqual(joined, { call: "c1" });
    assert.deepEqual(stage.states, ["calling-device", "ringing", "transferred"]);
    assert.equal(stage.service.calls()[0]?.mode, "transfer");
  });

  test("is taken when it is asked for, also of a phone that could stay with the service", async () => {
    stage = new Stage();
    const desk = stage.devices.find("desk");
    assert.ok(desk);
    const call = { onEnded: () => undefined };
    Object.assign(desk, { dial: async () => call });

    await stage.service.join({ ...stage.request("comedies"), device: "desk", mode: "transfer" });

    assert.deepEqual(views(), ["sip:comedies@127.0.0.1 transferred"]);
    assert.deepEqual(stage.ladder.steps("INVITE"), []);
  });

  test("is chosen by the user's answer as well: the call keeps its name", async () => {
    stage = phoneThat([], { phones: ["kitchen"] });
    const joined = stage.service.externalJoin({ ...stage.request("comedies"), mode: "auto" });

    stage.service.choose({ prompt: "p1", device: "desk", cancel: false, remember: "no", client: "k1" });

    assert.deepEqual(await joined, { call: "c1" });
    assert.deepEqual(stage.states, ["choosing", "calling-device", "ringing", "transferred"]);
  });

  test("is refused by a phone that cannot, and so is loop mode", async () => {
    stage = phoneThat([], { phones: ["kitchen"] });
    Object.assign(stage.devices.find("kitchen") ?? {}, { dial: undefined });
    const request = stage.request("comedies");

    const byTransfer = stage.service.join({ ...request, device: "kitchen", mode: "transfer" });
    const byLoop = stage.service.join({ ...request, device: "desk", mode: "loop" });

    await assert.rejects(byTransfer, { code: "device-unsupported" });
    await assert.rejects(byLoop, { code: "device-unsupported" });
    assert.deepEqual(stage.accepted, []);
  });

  test("ends when comedies is busy", async () => {
    stage = phoneThat([]);
    stage.dialler.fails = new SipError(486, "Busy Here");

    await assert.rejects(stage.join("comedies"), { code: "busy", sip: 486 });

    assert.deepEqual(stage.states, ["calling-device", "ringing", "ended"]);
    assert.deepEqual(views(), []);
  });

  test("ends when the desk phone refuses, and says why", async () => {
    stage = phoneThat([]);
    stage.dialler.fails = new ServiceError("device-refused", ["desk", "wrong phone password"]);

    await assert.rejects(stage.join("comedies"), { code: "device-refused" });

    assert.equal(stage.states.at(-1), "ended");
  });

  test("is given up by Leave while the desk phone still calls", async () => {
    stage = phoneThat(["hangup"]);
    stage.dialler.answers = new Promise(() => undefined);
    const joined = stage.join("comedies");
    await stage.sees("call comedies");

    await stage.leave();

    await assert.rejects(joined, { code: "cancelled" });
    assert.deepEqual(stage.states, ["calling-device", "ringing", "ended"]);
  });

  test("hangs up a phone whose call comes about as the command is given up", async () => {
    stage = phoneThat(["hangup"]);
    const dial = stage.dialler.dial.bind(stage.dialler);
    const late = Promise.withResolvers<void>();
    stage.dialler.dial = async (target, options) => {
      const call = await dial(target, { ...options, signal: new AbortController().signal });
      await late.promise;
      return call;
    };
    const joined = stage.join("comedies");
    await stage.sees("call comedies");

    const left = stage.leave();
    late.resolve();

    await assert.rejects(joined, { code: "cancelled" });
    await left;
    stage.ladder.reads(`
      service -> desk: call comedies
      service -> desk: hang up
    `);
  });
});

describe("Transfer mode by REFER (RFC 3515)", () => {
  const transfer = () =>
    stage.service.join({ ...stage.request("comedies"), device: "desk", mode: "transfer" });

  test("calls the desk phone, refers it to comedies, and leaves when it reports 200", async () => {
    stage = new Stage();

    await transfer();

    stage.ladder.reads(`
      service -> desk:    INVITE sdp of service
      desk    -> service: 200 sdp of desk
      service -> desk:    REFER to comedies
      desk    -> service: NOTIFY 200
      service -> desk:    BYE
      service -> desk:    SUBSCRIBE dialog
    `);
    assert.deepEqual(stage.states, ["calling-device", "ringing", "transferred"]);
    assert.deepEqual(deviceStates(), ["ready"]);
  });

  test("ends with comedies' own words when the desk phone reports 486", async () => {
    stage = new Stage({ roles: { desk: { refers: 486 } } });

    await assert.rejects(transfer(), { code: "busy", sip: 486 });

    assert.deepEqual(stage.cast.alive("nobody"), []);
    assert.equal(stage.states.at(-1), "ended");
  });

  test("ends when the desk phone itself is busy", async () => {
    stage = new Stage({ roles: { desk: { refuses: 486 } } });

    await assert.rejects(transfer(), { code: "device-busy" });

    assert.deepEqual(stage.states, ["calling-device", "ended"]);
  });

  test("hangs up a desk phone that never reports, once nobody waits any more", async () => {
    stage = new Stage({ roles: { desk: { refers: "silent" } } });
    const joined = transfer();
    await stage.sees("service -> desk: REFER");

    await stage.leave();

    await assert.rejects(joined, { code: "cancelled" });
    assert.deepEqual(stage.cast.alive("nobody"), []);
  });
});

describe("A call that was handed to its phone for good", () => {
  test("is out of reach: it is not left, muted, held or switched", async () => {
    stage = phoneThat([]);
    await stage.join("comedies");
    const which = { client: "k1" };
    const { signal } = new AbortController();

    for (const refused of [
      stage.service.leave({ ...which, all: false, hangup: true }),
      stage.mute(true),
      stage.service.hold({ ...which, held: true }),
      stage.service.dtmf({ ...which, digits: "1", signal }),
      stage.switchTo("dramas"),
      stage.switchTo("dramas", {}, "external"),
    ]) {
      await assert.rejects(refused, { code: "no-control" });
    }
    assert.deepEqual(views(), ["sip:comedies@127.0.0.1 transferred"]);
  });

  test("leaves its phone free for the next call, and is forgotten with it", async () => {
    stage = phoneThat([]);
    await stage.join("comedies");
    assert.deepEqual(deviceStates(), ["ready"]);

    await stage.join("dramas");

    assert.deepEqual(views(), ["sip:dramas@127.0.0.1 transferred"]);
    assert.deepEqual(stage.states.slice(-5), [
      "transferred",
      "ended",
      "calling-device",
      "ringing",
      "transferred",
    ]);
  });

  test("is made anew by SameDeviceJoin when that asks for it", async () => {
    stage = phoneThat([]);
    await stage.join("comedies");

    const switched = await redial("dramas");

    assert.deepEqual(switched, { call: "c1", gapMs: 0 });
    assert.deepEqual(views(), ["sip:dramas@127.0.0.1 transferred"]);
    assert.deepEqual(stage.states.slice(-2), ["switching", "transferred"]);
    stage.ladder.reads(`
      service -> desk: call comedies
      service -> desk: call dramas
    `);
  });

  test("stays with comedies when dramas is busy", async () => {
    stage = phoneThat([]);
    await stage.join("comedies");
    stage.dialler.fails = new SipError(486, "Busy Here");

    await assert.rejects(redial("dramas"), { code: "switch-failed", sip: 486 });

    assert.deepEqual(views(), ["sip:comedies@127.0.0.1 transferred"]);
  });

  test("goes on when the service ends", async () => {
    stage = phoneThat(["hangup"]);
    await stage.join("comedies");
    stage.ladder.clear();

    await stage.service.close();

    stage.ladder.reads("");
  });
});

describe("A phone that can be told more", () => {
  test("hangs up, holds, mutes and sends digits on command", async () => {
    stage = phoneThat(["hangup", "hold", "mute", "dtmf"]);
    await stage.join("comedies");
    assert.deepEqual(deviceStates(), ["busy"]);
    const which = { client: "k1" };
    stage.ladder.clear();

    await stage.service.hold({ ...which, held: true });
    assert.deepEqual(views(), ["sip:comedies@127.0.0.1 held"]);
    await stage.service.hold({ ...which, held: false });
    await stage.mute(true);
    assert.equal(stage.service.calls()[0]?.muted, true);
    await stage.service.dtmf({ ...which, digits: "12#", signal: new AbortController().signal });
    await stage.leave();

    stage.ladder.reads(`
      service -> desk: hold
      service -> desk: resume
      service -> desk: mute
      service -> desk: digits 12#
      service -> desk: hang up
    `);
    assert.deepEqual(stage.states.slice(-5), ["transferred", "held", "transferred", "transferred", "ended"]);
  });

  test("ends the call in the list when it reports that it is over", async () => {
    stage = phoneThat(["hangup"]);
    await stage.join("comedies");
    stage.ladder.clear();

    stage.dialler.dialled?.onEnded("hung up");

    assert.deepEqual(views(), []);
    stage.ladder.reads("");
  });

  test("hangs up comedies before it calls dramas; when dramas is busy both are gone", async () => {
    stage = phoneThat(["hangup"]);
    await stage.join("comedies");
    stage.dialler.fails = new SipError(486, "Busy Here");
    stage.ladder.clear();

    await assert.rejects(redial("dramas"), { code: "switch-lost" });

    stage.ladder.reads(`
      service -> desk: hang up
      service -> desk: call dramas
    `);
    assert.deepEqual(views(), []);
  });
});
