/** A call that comes in, and two that act at the same moment. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { House, liftable } from "../support/house.ts";

let house: House;
afterEach(() => house.service.close());

describe("Two phones picked up at the same moment", () => {
  test("leave one of them with the call, and the other is hung up", async () => {
    const both = liftable();
    house = new House({ roles: { desk: both.role, kitchen: both.role } });
    house.calledBy("bob");
    await house.allRing();

    both.lift();
    await house.sees("service -> bob: 200");
    await house.sees("BYE");

    assert.equal(house.ladder.steps("service -> bob: 200").length, 1);
    assert.equal(house.ladder.steps("BYE").length, 1);
    assert.equal(house.cast.alive("bob").length, 1);
  });

  test("of which one crosses the CANCEL, too", async () => {
    const desk = liftable();
    house = new House({ roles: { desk: desk.role, kitchen: { crosses: true } } });
    house.calledBy("bob");
    await house.allRing();
    house.ladder.clear();

    desk.lift();
    await house.sees("service -> bob: 200");

    house.ladder.reads(`
      desk    -> service: 200 sdp of desk
      service -> kitchen: CANCEL completed elsewhere
      kitchen -> service: 200
      service -> kitchen: ACK
      service -> kitchen: BYE
      service -> bob:     200 sdp of service
    `);
  });

  test("and a caller who hangs up just then leave nothing behind", async () => {
    const desk = liftable();
    house = new House({ phones: ["desk"], roles: { desk: desk.role } });
    const bob = house.calledBy("bob");
    await house.sees("service -> desk: INVITE");
    const record = house.cast.record.bind(house.cast);
    house.cast.record = (from, to, message) => {
      record(from, to, message);
      if (from === "desk") bob.cancels();
    };

    desk.lift();
    await house.sees("service -> desk: BYE");

    assert.deepEqual(house.cast.alive("nobody"), []);
    assert.equal(house.last?.state, "ended");
    assert.deepEqual(house.service.calls(), []);
  });
});
