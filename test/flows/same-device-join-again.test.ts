/** Switches that come while one is under way, or right after another. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { Stage } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

const focus = { focus: true };

describe("SameDeviceJoin again and again", () => {
  test("ends in the last of ten within a second, with one far leg alive", async () => {
    const rooms = Array.from({ length: 10 }, (_, n) => `room${n}`);
    stage = await Stage.inCall("comedies", {
      roles: Object.fromEntries([...rooms, "comedies"].map((room) => [room, focus])),
    });

    const switches = await Promise.allSettled(
      rooms.map((room, n) => stage.switchTo(n % 3 ? room : `${room}:5082`)),
    );

    await new Promise(setImmediate);
    assert.deepEqual(
      switches.map(({ status }) => status),
      [...Array(9).fill("rejected"), "fulfilled"],
    );
    assert.deepEqual(stage.cast.alive(), ["room9"]);
    assert.equal(stage.cast.leg("desk").state, "confirmed");
  });

  test("cancels the one under way for a newer one", async () => {
    stage = await Stage.inCall("comedies", { roles: { dramas: { silent: true } } });
    const first = assert.rejects(stage.switchTo("dramas:5082"), { code: "superseded" });
    await stage.sees("INVITE");

    await stage.switchTo("westerns:5082");

    await first;
    stage.ladder.reads(`
      service  -> dramas:   INVITE sdp of service
      service  -> dramas:   CANCEL
      service  -> westerns: INVITE sdp of service
      westerns -> service:  200 sdp of westerns
      service  -> comedies: BYE
    `);
  });

  test("acknowledges and ends an answer that crosses the CANCEL", async () => {
    stage = await Stage.inCall("comedies", { roles: { dramas: { crosses: true } } });
    const first = assert.rejects(stage.switchTo("dramas:5082"), { code: "superseded" });
    await stage.sees("INVITE");

    await stage.switchTo("westerns:5082");

    await first;
    assert.deepEqual(stage.ladder.steps("service -> dramas").slice(-2), [
      "service -> dramas: ACK",
      "service -> dramas: BYE",
    ]);
    assert.deepEqual(stage.cast.alive(), ["westerns"]);
  });

  test("goes on from where the focus has moved us when a newer one comes too late", async () => {
    const { promise: answers, resolve } = Promise.withResolvers<void>();
    stage = await Stage.inCall("comedies", {
      roles: { comedies: focus, dramas: { focus: true, answers }, westerns: focus },
    });
    const first = assert.rejects(stage.switchTo("dramas"), { code: "superseded" });
    await stage.sees("INVITE");

    const second = stage.switchTo("westerns");
    resolve();
    await Promise.all([first, second]);

    await new Promise(setImmediate);
    assert.deepEqual(stage.ladder.steps("INVITE"), [
      "service -> dramas: INVITE sdp of service replaces comedies",
      "service -> westerns: INVITE sdp of service replaces dramas",
    ]);
    assert.deepEqual(stage.cast.alive(), ["westerns"]);
  });

  test("sends nothing for the conference one is in already", async () => {
    stage = await Stage.inCall("comedies");

    assert.deepEqual(await stage.switchTo("comedies"), { call: "c1", gapMs: 0 });

    stage.ladder.reads("");
  });

  test("takes the place of a call that is not answered yet", async () => {
    stage = new Stage({ roles: { comedies: { silent: true } } });
    const first = assert.rejects(stage.join("comedies"), { code: "superseded" });
    await stage.sees("service -> comedies: INVITE");

    await stage.switchTo("dramas");

    await first;
    assert.deepEqual(stage.cast.alive(), ["dramas"]);
    assert.equal(stage.service.calls()[0]?.state, "active");
  });
});
