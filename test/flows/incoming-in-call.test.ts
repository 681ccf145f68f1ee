/** Calls that came in, once they are answered; and calls that come in for one there is. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { House } from "../support/house.ts";

let house: House;
afterEach(() => house.service.close());

describe("A call that was answered is one like any other", () => {
  const inCall = async () => {
    house = new House({
      phones: ["desk", "kitchen"],
      roles: { desk: { unattended: true }, kitchen: {}, comedies: { focus: true } },
      config: { ring: "none" },
    });
    const bob = house.calledBy("bob");
    await house.answer("c1", "desk");
    house.ladder.clear();
    return bob;
  };

  test("the caller hangs up", async () => {
    const bob = await inCall();

    bob.leg.hangsUp();

    house.ladder.reads(`
      bob     -> service: BYE
      service -> desk:    BYE
    `);
    assert.equal(house.last?.state, "ended");
    assert.deepEqual(house.missed.all, []);
  });

  test("the user leaves", async () => {
    await inCall();

    await house.leave();

    house.ladder.reads(`
      service -> bob:  BYE
      service -> desk: BYE
    `);
  });

  test("the user mutes, changes the phone, and goes on in a conference", async () => {
    await inCall();

    await house.mute(true);
    await house.sees("bob -> service: 200");
    await house.service.useDevice({ device: "kitchen", client: "k1" });
    await house.switchTo("comedies");

    house.ladder.reads(`
      service  -> bob:      INVITE again sdp of service recvonly
      bob      -> service:  200
      service  -> kitchen:  INVITE sdp of service
      kitchen  -> service:  200 sdp of kitchen
      service  -> desk:     BYE
      service  -> comedies: INVITE sdp of service recvonly
      comedies -> service:  200 sdp of comedies sendonly
      service  -> comedies: SUBSCRIBE conference
      service  -> bob:      BYE
    `);
    const { id, dev, dir } = house.last ?? {};
    assert.deepEqual({ id, dev, dir }, { id: "sip:comedies@127.0.0.1", dev: "kitchen", dir: "in" });
  });

  test("a new offer of the caller is answered with our media", async () => {
    const bob = await inCall();

    const reanswer = await bob.leg.handlers.onOffer?.(bob.offer ?? "");

    assert.equal(house.cast.describe(reanswer ?? ""), "sdp of service");
  });
});

describe("An INVITE that takes the place of a far end (RFC 3891)", () => {
  test("is answered with the same device, and the old far end is left: an attended transfer", async () => {
    for (const anchored of [true, false]) {
      house = new House({ anchored, phones: ["desk"], roles: {} });
      await house.join("bob");
      house.ladder.clear();

      const replaces = house.cast.leg("bob").id;
      const carol = house.calledBy("carol", { target: "sip:xyz@127.0.0.1", replaces, display: "Carol" });
      await house.sees("service -> bob: BYE");

      assert.equal(carol.status, 200);
      assert.deepEqual(house.ladder.steps("service -> desk").length, anchored ? 0 : 1);
      await new Promise(setImmediate);
      const { id, display, state } = house.service.calls()[0] ?? {};
      assert.deepEqual(
        { id, display, state },
        { id: "sip:carol@127.0.0.1", display: "Carol", state: "active" },
      );
      await house.service.close();
    }
  });

  test("of which we know nothing, or that names a phone of ours, is refused", async () => {
    house = new House({ phones: ["desk"], roles: {} });
    await house.join("bob");

    const unknown = { callId: "x", localTag: "y", remoteTag: "z" };
    const one = house.calledBy("carol", { replaces: unknown });
    const other = house.calledBy("carol", { replaces: house.cast.leg("desk").id });

    assert.deepEqual([one.status, other.status], [481, 481]);
    assert.deepEqual(house.cast.alive("x").sort(), ["bob", "desk"]);
  });
});
