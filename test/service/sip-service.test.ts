import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { ServiceEvent } from "../../native-host/src/api/call-control.ts";
import { Stage } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

describe("Join", () => {
  test("refuses a device nobody configured", async () => {
    stage = new Stage();

    await assert.rejects(stage.join("comedies", "attic"), { code: "no-such-device" });

    stage.ladder.reads("");
    assert.deepEqual(stage.accepted, []);
  });

  test("takes a configured phone that is named by its SIP address", async () => {
    const { sipPhone } = await import("../../native-host/src/devices/sip-phone.ts");
    const { DeviceRegistry } = await import("../../native-host/src/devices/registry.ts");
    stage = new Stage();
    const uri = "sip:desk@127.0.0.1";
    const phone = sipPhone({
      id: "d1",
      name: "Desk",
      uri,
      anchored: true,
      caller: stage.cast,
      mediaHost: "127.0.0.1",
    });

    assert.equal(new DeviceRegistry([phone], { uris: new Map([[uri, "d1"]]) }).find(uri), phone);
  });

  test("leaves a device in the call it is in", async () => {
    stage = new Stage();
    await stage.join("comedies");

    await assert.rejects(stage.join("dramas"), { code: "device-busy" });

    assert.deepEqual(stage.deviceStates, ["desk busy"]);
    assert.deepEqual(stage.cast.alive(), ["comedies"]);
  });

  test("holds two calls with two devices; a command without a name is for the one used last", async () => {
    stage = new Stage({ phones: ["desk", "kitchen"] });
    await stage.join("comedies", "desk");
    await stage.join("dramas", "kitchen");

    await stage.service.leave({ all: false, hangup: true, client: "k1" });

    assert.deepEqual(
      stage.service.calls().map(({ call }) => call),
      ["c1"],
    );
  });

  test("tells pages no name but the one chosen for them", async () => {
    stage = new Stage({ roles: { comedies: { focus: true } } });
    const origin = "https://films.example.com";

    await stage.join("comedies", "desk", { origin });
    await stage.leave();
    await stage.join("comedies", "desk", { origin, display: "Alice" });

    assert.deepEqual(
      stage.cast.subscriptions.map(({ options }) => options.from),
      [
        { name: "Anonymous", uri: "sip:anonymous@anonymous.invalid" },
        { name: "Alice", uri: "sip:alice@127.0.0.1" },
      ],
    );
  });
});

describe("Mute", () => {
  test("tells the conference, and again when it ends", async () => {
    stage = await Stage.inCall("comedies");

    await stage.mute(true);
    assert.equal(stage.service.calls()[0]?.muted, true);
    await stage.sees("comedies -> service");
    await stage.mute(false);
    await new Promise(setImmediate);

    stage.ladder.reads(`
      service  -> comedies: INVITE again sdp of service recvonly
      comedies -> service:  200
      service  -> comedies: INVITE again sdp of service
      comedies -> service:  200
    `);
  });

  test("begins with the call when asked to", async () => {
    stage = new Stage();

    await stage.join("comedies", "desk", { muted: true });

    assert.deepEqual(stage.ladder.steps("service -> comedies"), [
      "service -> comedies: INVITE sdp of service recvonly",
    ]);
  });

  test("without a call says so", async () => {
    stage = new Stage();

    await assert.rejects(stage.mute(true), { code: "no-active-call" });
  });
});

describe("Leave", () => {
  test("is fine when the call is over already", async () => {
    stage = new Stage();
    await stage.join("comedies");
    await stage.leave();

    await stage.service.leave({ call: "c1", all: false, hangup: true, client: "k1" });
  });

  test("of a call nobody ever had says so", async () => {
    stage = new Stage();

    const leave = stage.service.leave({ call: "c7", all: false, hangup: true, client: "k1" });

    await assert.rejects(leave, { code: "no-such-call" });
  });

  test("can keep the desk phone on the line for the next Join", async () => {
    stage = await Stage.inCall("comedies");

    await stage.leave(false);
    assert.deepEqual(stage.deviceStates, ["desk ready"]);
    await stage.join("dramas");

    stage.ladder.reads(`
      service -> comedies: BYE
      service -> dramas:   INVITE sdp of service
      dramas  -> service:  200 sdp of dramas
    `);
    assert.equal(stage.cast.leg("desk").state, "confirmed");
  });

  test("can keep a desk phone whose media run directly, on hold; the next Join takes it off", async () => {
    stage = await Stage.inCall("comedies", { anchored: false });

    await stage.leave(false);
    await stage.join("dramas");

    stage.ladder.reads(`
      service -> desk:     INVITE again sdp of comedies inactive
      desk    -> service:  200
      service -> comedies: BYE
      service -> dramas:   INVITE sdp of desk
      dramas  -> service:  200 sdp of dramas
      service -> desk:     INVITE again sdp of dramas
      desk    -> service:  200
    `);
    assert.equal(stage.service.calls()[0]?.state, "active");
  });

  test("hangs up a phone that nobody has answered to, kept or not", async () => {
    stage = new Stage({ anchored: false, roles: { comedies: { silent: true } } });
    const joined = stage.join("comedies");
    joined.catch(() => undefined);
    await stage.sees("service -> comedies: INVITE");

    await stage.leave(false);

    assert.deepEqual(stage.cast.alive("nobody"), []);
  });

  test("hangs up a phone kept on the line after ten seconds", async (t) => {
    stage = new Stage();
    await stage.join("comedies");
    t.mock.timers.enable({ apis: ["setTimeout"] });

    await stage.leave(false);
    t.mock.timers.tick(10_000);

    assert.equal(stage.ladder.steps("service -> desk: BYE").length, 1);
  });
});

describe("The end of the service", () => {
  test("hangs up every call on both legs", async () => {
    stage = new Stage({ phones: ["desk", "kitchen"] });
    await stage.join("comedies", "desk");
    await stage.join("dramas", "kitchen");

    await stage.service.close();

    assert.equal(stage.ladder.steps("BYE").length, 4);
    await assert.rejects(stage.join("comedies"), { code: "shutting-down" });
  });
});

describe("Subscriptions", () => {
  test("begin with all there is, and stop when told", async () => {
    stage = new Stage();
    await stage.join("comedies");
    const events: ServiceEvent[] = [];

    const stop = stage.service.subscribe("devices", { client: "k1" }, (event) => events.push(event));
    stop();
    await stage.leave();

    assert.deepEqual(
      events.map((event) => event.name === "Device" && event.device.state),
      ["busy"],
    );
  });

  test("tell how the device fares", async () => {
    stage = new Stage();
    const seen: unknown[] = [];
    stage.service.subscribe(
      "devices",
      { client: "k1" },
      (event) => event.name === "Device" && seen.push(event.device.state),
    );

    await stage.join("comedies");
    await stage.leave();

    assert.deepEqual(seen, ["ready", "ringing", "busy", "ready"]);
  });
});
