/** Call waiting: a call comes in during another one, and both share a phone. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import type { Role } from "../support/fake-leg.ts";
import { House, type HouseOptions, liftable } from "../support/house.ts";
import { until } from "../support/until.ts";

let house: House;
afterEach(() => house.service.close());

/** The desk phone, the only one, is in a call with bob. */
async function talkingToBob(options: HouseOptions = {}): Promise<void> {
  house = new House({ phones: ["desk"], roles: {}, ...options });
  await house.join("bob");
  house.ladder.clear();
}

const held = () => house.service.calls().map(({ call, state }) => `${call} ${state}`);
const hold = (call: string, onHold: boolean) => house.service.hold({ call, held: onHold, client: "k1" });

describe("A call that comes in during another one", () => {
  test("rings no phone that is in a call, and is shown", async () => {
    await talkingToBob();

    const carol = house.calledBy("carol");

    house.ladder.reads(`
      carol   -> service: INVITE sdp of carol
      service -> carol:   180
    `);
    assert.deepEqual(held(), ["c2 incoming", "c1 active"]);
    carol.cancels();
    assert.deepEqual(held(), ["c1 active"]);
  });

  test("is answered on the same phone, which is not called again: the first one is held", async () => {
    await talkingToBob();
    house.calledBy("carol");
    house.ladder.clear();

    await house.answer("c2");

    assert.deepEqual(house.ladder.steps("service -> desk"), []);
    assert.deepEqual(house.ladder.steps("service -> "), [
      "service -> bob: INVITE again sdp of service sendonly",
      "service -> carol: 200 sdp of service",
    ]);
    assert.deepEqual(held(), ["c1 held", "c2 active"]);
    assert.deepEqual(
      house.service.calls().map(({ dev }) => dev),
      ["desk", "desk"],
    );
  });

  test("is held in its turn when the first one is resumed, and both can be ended one by one", async () => {
    await talkingToBob();
    const carol = house.calledBy("carol");
    await house.answer("c2", "desk");

    await hold("c1", false);
    assert.deepEqual(held(), ["c1 active", "c2 held"]);
    house.ladder.clear();

    carol.leg.hangsUp();
    assert.deepEqual(held(), ["c1 active"]);
    await house.leave();

    house.ladder.reads(`
      carol   -> service: BYE
      service -> bob:     BYE
      service -> desk:    BYE
    `);
  });

  test("leaves the phone to the first one when it is over, still held until it is resumed", async () => {
    await talkingToBob();
    const carol = house.calledBy("carol");
    await house.answer("c2", "desk");
    house.ladder.clear();

    carol.leg.hangsUp();
    assert.deepEqual(held(), ["c1 held"]);
    assert.deepEqual(house.ladder.steps("service -> desk"), []);
    await hold("c1", false);

    assert.deepEqual(held(), ["c1 active"]);
    house.cast.leg("desk").hangsUp();
    assert.deepEqual(held(), []);
  });

  test("ends when the phone itself is hung up, which then rings for the first one and goes on with it", async () => {
    await talkingToBob();
    house.calledBy("carol");
    await house.answer("c2", "desk");
    house.ladder.clear();

    house.cast.leg("desk").hangsUp();
    await house.sees("bob -> service: 200");

    assert.equal(house.cast.invites.at(-1)?.options.headers?.["call-info"], undefined);
    assert.equal(house.cast.invites.at(-1)?.options.from?.uri, "sip:bob@127.0.0.1");
    assert.deepEqual(held(), ["c1 active"]);
    house.ladder.reads(`
      desk    -> service: BYE
      service -> carol:   BYE
      service -> desk:    INVITE sdp of service
      desk    -> service: 200 sdp of desk
      service -> bob:     INVITE again sdp of service
      bob     -> service: 200
    `);
    house.cast.leg("desk").hangsUp();
    assert.deepEqual(held(), []);
  });

  test("leaves the first one waiting until somebody is back at the phone, who then hears him", async () => {
    const roles: Record<string, Role> = {};
    await talkingToBob({ roles });
    house.calledBy("carol");
    await house.answer("c2", "desk");
    const { role, lift } = liftable();
    roles["desk"] = role;
    house.cast.leg("desk").hangsUp();
    await house.sees("service -> desk: INVITE");

    const dave = house.calledBy("dave");
    await assert.rejects(house.answer("c3", "desk"), { code: "device-busy" });
    dave.cancels();
    await assert.rejects(house.join("films"), { code: "device-busy" });
    assert.deepEqual(held(), ["c1 held"]);
    lift();
    await until(() => held().join() === "c1 active", "bob is heard");
  });

  test("ends the first one too when nobody picks the phone up, or he gives up while it rings", async () => {
    for (const givesUp of [true, false]) {
      await talkingToBob({ roles: { desk: { unattended: true } } });
      house.calledBy("carol");
      await house.answer("c2", "desk");
      house.cast.leg("desk").hangsUp();
      await house.sees("service -> desk: INVITE sdp of service");
      await new Promise(setImmediate);
      house.ladder.clear();

      if (givesUp) house.cast.leg("bob").hangsUp();
      else await house.leave();

      await house.sees("service -> desk: CANCEL");
      assert.deepEqual(held(), []);
      assert.deepEqual(house.cast.alive("nobody"), []);
      await house.service.close();
    }
  });

  test("goes on ringing when its audio does not fit that phone, and the first one goes on as before", async () => {
    await talkingToBob();
    const offer = house
      .offerOf("carol")
      .replace("RTP/AVP 0 101", "RTP/AVP 8 101")
      .replace("0 PCMU", "8 PCMA");
    const carol = house.calledBy("carol", { offer });

    await assert.rejects(house.answer("c2", "desk"), { code: "media-mismatch" });

    assert.deepEqual(held(), ["c2 incoming", "c1 active"]);
    assert.equal(carol.status, undefined);
  });

  test("calls a phone once more whose media bypass the service", async () => {
    await talkingToBob({ anchored: false });
    house.calledBy("carol");
    house.ladder.clear();

    await house.answer("c2", "desk");

    assert.deepEqual(held(), ["c1 held", "c2 active"]);
    assert.deepEqual(house.ladder.steps("service -> desk: INVITE sdp").length, 1);
    await house.leave();
    assert.deepEqual(house.cast.alive("nobody"), []);
  });

  test("hears busy when the user wants it so, and is kept as missed", async () => {
    await talkingToBob({ config: { onBusy: "refuse" } });

    const carol = house.calledBy("carol");

    assert.equal(carol.status, 486);
    assert.deepEqual(
      house.missed.all.map(({ id, why }) => ({ id, why })),
      [{ id: "sip:carol@127.0.0.1", why: "busy" }],
    );
    assert.deepEqual(held(), ["c1 active"]);
  });

  test("is refused without a word when too many ring already", () => {
    house = new House();

    const callers = ["a", "b", "c", "d", "e"].map((name) => house.calledBy(name));

    assert.deepEqual(
      callers.map(({ status }) => status),
      [undefined, undefined, undefined, undefined, 486],
    );
    assert.deepEqual(house.missed.all, []);
  });
});
