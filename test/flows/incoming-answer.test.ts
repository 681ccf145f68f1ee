/** Calls that come in, answered and declined by command or from a notification. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { PromptView } from "../../native-host/src/api/call-control.ts";
import type { Announced, Announcer } from "../../native-host/src/service/announcer.ts";
import { House, liftable } from "../support/house.ts";

let house: House;
afterEach(() => house.service.close());

describe("Answer", () => {
  test("makes the device named answer by itself, and the others stop", async () => {
    house = new House();
    house.calledBy("bob");
    await house.allRing();
    house.ladder.clear();

    const joined = await house.answer("c1", "desk");

    assert.deepEqual(joined, { call: "c1" });
    house.ladder.reads(`
      service -> desk:    CANCEL completed elsewhere
      service -> desk:    INVITE sdp of service
      desk    -> service: 200 sdp of desk
      service -> kitchen: CANCEL completed elsewhere
      service -> bob:     200 sdp of service
    `);
    assert.match(house.cast.invites.at(-1)?.options.headers?.["call-info"] ?? "", /answer-after=0/);
    assert.equal(house.last?.client, "k1");
  });

  test("asks with which device when it is not named and several are ready", async () => {
    house = new House();
    const asked = Promise.withResolvers<PromptView>();
    house.service.subscribe("prompts", { client: "k1" }, (event) => {
      if (event.name === "Prompt") asked.resolve(event.prompt);
    });
    house.calledBy("bob");
    await house.allRing();

    const answered = house.answer("c1");
    const { prompt, id } = await asked.promise;
    house.service.choose({ prompt, device: "kitchen", cancel: false, remember: "no", client: "k1" });
    await answered;

    assert.equal(id, "sip:bob@127.0.0.1");
    assert.equal(house.last?.dev, "kitchen");
  });

  test("with a phone that nobody configured asks whether that may be used, then has it answer", async () => {
    house = new House();
    const asked = Promise.withResolvers<PromptView>();
    house.service.subscribe("prompts", { client: "k1" }, (event) => {
      if (event.name === "Prompt") asked.resolve(event.prompt);
    });
    house.calledBy("bob");
    await house.allRing();

    const answered = house.answer("c1", "sip:sofa@127.0.0.1");
    const { prompt, id, devices } = await asked.promise;
    assert.deepEqual([id, ...devices.map(({ dev }) => dev)], ["sip:bob@127.0.0.1", "sip:sofa@127.0.0.1"]);
    const device = "sip:sofa@127.0.0.1";
    house.service.choose({ prompt, device, cancel: false, remember: "no", client: "k1" });
    await answered;

    assert.equal(house.last?.dev, device);
    assert.equal(house.ladder.steps("service -> sofa: INVITE").length, 1);
  });

  test("withdraws that question when the caller hangs up", async () => {
    house = new House();
    const bob = house.calledBy("bob");
    await house.allRing();

    const answered = house.answer("c1");
    bob.cancels();

    await assert.rejects(answered, { code: "cancelled" });
  });

  test("with a device that fails leaves the caller ringing on the others", async () => {
    const kitchen = liftable();
    house = new House({
      phones: ["desk", "kitchen", "attic"],
      roles: { desk: { silent: true }, attic: { refuses: 500 }, kitchen: kitchen.role },
    });
    house.calledBy("bob");
    await house.allRing();
    await house.sees("attic -> service: 500");
    house.ladder.clear();

    await assert.rejects(house.answer("c1", "attic"), { code: "device-refused" });
    assert.equal(house.last?.state, "incoming");
    assert.equal(house.last?.dev, undefined);
    kitchen.lift();
    await house.sees("service -> bob: 200");

    house.ladder.reads(`
      service -> attic:   INVITE sdp of service
      attic   -> service: 500
      kitchen -> service: 200 sdp of kitchen
      service -> desk:    CANCEL completed elsewhere
      service -> bob:     200 sdp of service
    `);
  });

  test("with a phone that is parked from the call before hangs that up first", async () => {
    house = new House({ phones: ["desk"], roles: {}, config: { ring: "none" } });
    await house.join("films");
    await house.leave(false);
    house.calledBy("bob");
    house.ladder.clear();

    await house.answer("c2", "desk");

    assert.deepEqual(house.ladder.steps("service -> desk"), [
      "service -> desk: BYE",
      "service -> desk: INVITE sdp of service",
    ]);
  });

  /** The desk phone, parked from the call before, is being hung up for bob's call until `heard` is called. */
  async function answeredWithParked() {
    house = new House({ phones: ["desk"], roles: {}, config: { ring: "none" } });
    await house.join("films");
    await house.leave(false);
    const parked = house.cast.leg("desk");
    const bye = parked.bye.bind(parked);
    const { promise, resolve: heard } = Promise.withResolvers<void>();
    parked.bye = () => bye().then(() => promise);
    const bob = house.calledBy("bob");
    house.ladder.clear();
    const answered = house.answer("c2", "desk");
    await house.sees("service -> desk: BYE");
    return { answered, bob, heard };
  }

  test("has a parked phone for its own from the first moment", async () => {
    const { answered, heard } = await answeredWithParked();

    await assert.rejects(house.join("dramas"), { code: "device-busy" });
    heard();
    await answered;

    assert.equal(house.last?.dev, "desk");
  });

  test("does not call a parked phone any more when the caller gives up", async () => {
    const { answered, bob, heard } = await answeredWithParked();

    bob.cancels();
    heard();

    await assert.rejects(answered, { code: "cancelled" });
    assert.deepEqual(house.ladder.steps("service -> desk"), ["service -> desk: BYE"]);
  });

  test("comes too late when a phone is picked up meanwhile", async () => {
    const kitchen = liftable();
    house = new House({ roles: { desk: { silent: true }, kitchen: kitchen.role } });
    house.calledBy("bob");
    await house.allRing();

    const answered = house.answer("c1", "desk");
    await assert.rejects(house.answer("c1", "kitchen"), { code: "wrong-state" });
    kitchen.lift();

    await assert.rejects(answered, { code: "wrong-state" });
    assert.equal(house.last?.dev, "kitchen");
    assert.deepEqual(house.cast.alive("bob"), ["kitchen"]);
  });

  test("is over when the caller hangs up while the device is called", async () => {
    house = new House({ roles: { desk: { silent: true }, kitchen: { silent: true } } });
    const bob = house.calledBy("bob");
    await house.allRing();

    const answered = house.answer("c1", "desk");
    bob.cancels();

    await assert.rejects(answered, { code: "cancelled" });
    assert.deepEqual(house.service.calls(), []);
  });

  test("and Decline are for those who may control calls", async () => {
    house = new House();
    house.service.clientCame("k1", []);
    house.calledBy("bob");

    await assert.rejects(house.answer("c1", "desk"), { code: "forbidden" });
    await assert.rejects(house.decline("c1"), { code: "forbidden" });
    assert.equal(house.last?.state, "incoming");
  });
});

describe("The announcer", () => {
  test("shows the call until it is over, answers it and declines it, and tells what was missed", async () => {
    const shown: string[] = [];
    let call: Announced | undefined;
    const announcer: Announcer = {
      incoming: (announced) => {
        call = announced;
        shown.push(`incoming ${announced.view.id}`);
        return { withdraw: () => shown.push("withdrawn") };
      },
      missed: ({ id }) => shown.push(`missed ${id}`),
    };
    house = new House({ phones: ["desk"], announcer });

    house.calledBy("bob");
    await call?.answer();
    house.calledBy("carol");
    await call?.decline();
    house.calledBy("dave").cancels();

    assert.deepEqual(shown, [
      "incoming sip:bob@127.0.0.1",
      "withdrawn",
      "incoming sip:carol@127.0.0.1",
      "withdrawn",
      "incoming sip:dave@127.0.0.1",
      "withdrawn",
      "missed sip:dave@127.0.0.1",
    ]);
  });
});
