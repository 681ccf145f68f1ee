/** Calls that come in: who rings, who has the call in the end, and what everybody else hears. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { COMPLETED_ELSEWHERE } from "#sip/cancel-reason.ts";
import type { ConnectOptions, Device, DeviceEnd } from "../../native-host/src/devices/device.ts";
import { FakeCaller } from "../support/caller.ts";
import { House, liftable } from "../support/house.ts";

let house: House;
afterEach(() => house.service.close());

describe("A call that comes in", () => {
  test("rings all phones at once, and whoever picks up first has it", async () => {
    const desk = liftable();
    house = new House({ roles: { desk: desk.role, kitchen: { silent: true } } });

    const bob = house.calledBy("bob", { display: "Bob" });
    await house.allRing();
    assert.deepEqual([house.stateOf("desk"), house.stateOf("kitchen")], ["ringing", "ringing"]);
    house.ladder.clear();
    desk.lift();
    await house.sees("service -> bob: 200");

    house.ladder.reads(`
      desk    -> service: 200 sdp of desk
      service -> kitchen: CANCEL completed elsewhere
      service -> bob:     200 sdp of service
    `);
    assert.equal(bob.leg.state, "confirmed");
    assert.deepEqual([...new Set(house.states)], ["incoming", "calling-device", "active"]);
    const { id, display, dir, dev, client } = house.last ?? {};
    assert.deepEqual(
      { id, display, dir, dev, client },
      { id: "sip:bob@127.0.0.1", display: "Bob", dir: "in", dev: "desk", client: undefined },
    );
    assert.deepEqual([house.stateOf("desk"), house.stateOf("kitchen")], ["busy", "ready"]);
    assert.deepEqual(house.missed.all, []);
  });

  test("makes no phone answer by itself, and shows it who calls", async () => {
    house = new House();

    house.calledBy("bob", { display: "Bob" });
    await house.allRing();

    assert.deepEqual(
      house.cast.invites.map(({ options }) => [options.headers ?? {}, options.from]),
      [1, 2].map(() => [{}, { name: "Bob", uri: "sip:bob@127.0.0.1" }]),
    );
  });

  test("rings one phone after the other, round and round, when told so", async () => {
    house = new House({ config: { ring: "in-turn", eachS: 0.1, devices: ["kitchen", "desk"] } });

    const bob = house.calledBy("bob");
    while (house.ladder.steps("service -> kitchen: INVITE").length < 2) await new Promise(setImmediate);

    bob.cancels();
    house.ladder.reads(`
      bob     -> service: INVITE sdp of bob
      service -> bob:     180
      service -> kitchen: INVITE sdp of service
      service -> kitchen: CANCEL
      service -> desk:    INVITE sdp of service
      service -> desk:    CANCEL
      service -> kitchen: INVITE sdp of service
      bob     -> service: CANCEL
      service -> kitchen: CANCEL
    `);
  });

  test("rings a phone that is not there once only, in turn as well", async () => {
    house = new House({
      config: { ring: "in-turn", giveUpS: 0.3 },
      roles: { desk: { refuses: 480 }, kitchen: { refuses: 500 } },
    });

    house.calledBy("bob");
    await house.sees("service -> bob: 480");

    assert.equal(house.ladder.steps("INVITE sdp of service").length, 2);
  });

  test("starts no softphone for its ringing; one that the user runs rings", async () => {
    house = new House({ phones: [] });
    const asked: string[] = [];
    const softphone = (id: string, bell: () => Promise<DeviceEnd | undefined>): Device => ({
      ...({ id, name: id, kind: "softphone", caps: ["loop"], readiness: "ready", anchored: true } as const),
      wake: () => Promise.reject(new Error(`${id} was started`)),
      bell,
    });
    const never = new Promise<never>(() => undefined);
    const connect = async ({ ringMs }: ConnectOptions) => {
      asked.push(`rings for ${ringMs} ms`);
      return never;
    };
    house.devices.add(softphone("ours", async () => undefined));
    house.devices.add(softphone("theirs", async () => ({ headers: {}, rings: true, connect })));

    const bob = house.calledBy("bob");
    while (asked.length === 0) await new Promise(setImmediate);

    assert.deepEqual(asked, ["rings for 45000 ms"]);
    assert.deepEqual([house.stateOf("ours"), house.stateOf("theirs")], ["ready", "ringing"]);
    bob.cancels();
  });

  test("rings no phone when told so, but is shown and can be answered", async () => {
    house = new House({ config: { ring: "none" }, phones: ["desk"], roles: {} });

    house.calledBy("bob");
    await house.answer("c1");

    house.ladder.reads(`
      bob     -> service: INVITE sdp of bob
      service -> bob:     180
      service -> desk:    INVITE sdp of service
      desk    -> service: 200 sdp of desk
      service -> bob:     200 sdp of service
    `);
    assert.equal(house.last?.client, "k1");
  });

  test("without an offer gets ours with the 200, and its answer counts", async () => {
    const desk = liftable();
    house = new House({ phones: ["desk"], roles: { desk: desk.role } });

    const bob = house.calledBy("bob", { offer: "none" });
    await house.sees("service -> desk: INVITE");
    desk.lift();
    await house.sees("bob -> service: ACK");

    house.ladder.reads(`
      bob     -> service: INVITE
      service -> bob:     180
      service -> desk:    INVITE sdp of service
      desk    -> service: 200 sdp of desk
      service -> bob:     200 sdp of service
      bob     -> service: ACK sdp of bob
    `);
    assert.equal(bob.leg.state, "confirmed");
    assert.equal(house.last?.state, "active");
  });

  test("whose offer no phone of ours understands is refused at once", () => {
    house = new House();

    const { offer = "" } = new FakeCaller(house, "bob");
    const bob = house.calledBy("bob", { offer: offer.replace("RTP/AVP 0 101", "RTP/AVP 9") });

    assert.equal(bob.status, 488);
    assert.deepEqual(house.events, []);
  });

  test("for nobody here is refused, and that of a stranger too where only accounts are called", () => {
    house = new House({ config: { direct: false } });

    const toMallory = house.calledBy("bob", { target: "sip:mallory@127.0.0.1" });
    const direct = house.calledBy("bob");

    assert.deepEqual([toMallory.status, direct.status], [404, 404]);
    assert.deepEqual(house.events, []);
    assert.equal(house.service.inviteStatus("sip:mallory@127.0.0.1"), 404);
  });

  test("is given up after a while, and kept as missed", async () => {
    house = new House({ config: { giveUpS: 0.1 } });

    const bob = house.calledBy("bob", { display: "Bob" });
    await house.sees("service -> bob: 480");

    assert.equal(bob.status, 480);
    assert.deepEqual(house.ladder.steps("CANCEL").length, 2);
    assert.equal(house.last?.error?.code, "no-answer");
    assert.deepEqual(
      house.missed.all.map(({ id, display, why }) => ({ id, display, why })),
      [{ id: "sip:bob@127.0.0.1", display: "Bob", why: "no-answer" }],
    );
    assert.deepEqual(house.service.calls(), []);
  });

  test("stops ringing everywhere when the caller hangs up, and is kept as missed", async () => {
    house = new House();
    const bob = house.calledBy("bob");
    await house.allRing();
    house.ladder.clear();

    bob.cancels();

    assert.deepEqual(house.ladder.steps("service -> ").sort(), [
      "service -> desk: CANCEL",
      "service -> kitchen: CANCEL",
    ]);
    assert.equal(house.last?.error?.code, "cancelled");
    assert.equal(house.missed.all.length, 1);
    assert.deepEqual([house.stateOf("desk"), house.stateOf("kitchen")], ["ready", "ready"]);
  });

  test("that another phone of the user's has answered is not missed, nor shown so by our phones", async () => {
    house = new House();
    const bob = house.calledBy("bob");
    await house.allRing();

    bob.cancels(COMPLETED_ELSEWHERE.header);

    assert.equal(house.ladder.steps("CANCEL completed elsewhere").length, 2);
    assert.deepEqual(house.missed.all, []);
    assert.equal(house.last?.error?.reason, "Call completed elsewhere");
  });

  test("is declined for all by the user, and is not missed", async () => {
    house = new House();
    const bob = house.calledBy("bob");
    await house.allRing();

    await house.decline("c1", 603);

    assert.equal(bob.status, 603);
    assert.equal(house.ladder.steps("CANCEL").length, 2);
    assert.deepEqual(house.last?.error?.code, "declined");
    assert.deepEqual(house.missed.all, []);
    await assert.rejects(house.decline("c1"), { code: "wrong-state" });
    await assert.rejects(house.decline("c7"), { code: "no-such-call" });
  });

  test("is declined at a phone for all (603), or for that phone only (486)", async () => {
    house = new House({ roles: { desk: { refuses: 486 }, kitchen: { silent: true } } });
    const bob = house.calledBy("bob");
    await house.sees("desk -> service: 486");
    assert.equal(bob.status, undefined);
    bob.cancels();
    await house.service.close();

    house = new House({ roles: { desk: { refuses: 603 }, kitchen: { silent: true } } });
    const carol = house.calledBy("carol");
    await house.sees("service -> carol: 603");
    assert.equal(carol.status, 603);
  });

  test("hears that the line is busy when every phone says so", async () => {
    house = new House({ roles: { desk: { refuses: 486 }, kitchen: { refuses: 486 } } });

    const bob = house.calledBy("bob");
    await house.sees("service -> bob: 486");

    assert.equal(bob.status, 486);
  });

  test("goes on ringing on the others when one phone is dead", async () => {
    const kitchen = liftable();
    house = new House({ roles: { desk: { refuses: 503 }, kitchen: kitchen.role } });

    house.calledBy("bob");
    await house.sees("desk -> service: 503");
    kitchen.lift();
    await house.sees("service -> bob: 200");

    assert.equal(house.last?.dev, "kitchen");
  });

  test("is ended with 480 when the service ends", async () => {
    house = new House();
    const bob = house.calledBy("bob");
    await house.allRing();

    await house.service.close();

    assert.equal(bob.status, 480);
    assert.equal(house.ladder.steps("CANCEL").length, 2);
  });
});

describe("Do not disturb", () => {
  test("lets no phone ring; the caller hears busy, and the call is kept as missed", async () => {
    const told: string[] = [];
    const announcer = {
      incoming: () => ({ withdraw: () => undefined }),
      missed: ({ id }: { readonly id: string }) => told.push(id),
    };
    house = new House({ doNotDisturb: true, announcer });

    const bob = house.calledBy("bob");

    assert.equal(bob.status, 486);
    house.ladder.reads(`
      bob     -> service: INVITE sdp of bob
      service -> bob:     486
    `);
    assert.deepEqual([house.states, told], [["ended"], []]);
    assert.deepEqual(
      house.missed.all.map(({ why }) => why),
      ["busy"],
    );
    assert.equal(house.service.inviteStatus("sip:alice@127.0.0.1"), 486);
  });
});
