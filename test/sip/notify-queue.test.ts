import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { settled } from "../support/descriptions.ts";
import { subscribed } from "../support/notifier-cast.ts";

describe("the NOTIFYs of a notifier", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("go out one at a time, each CSeq higher by one", async () => {
    const { annas, notifier } = await subscribed();

    void notifier.notify("text/plain", "one");
    void notifier.notify("text/plain", "two");
    await settled();
    assert.deepEqual(
      annas.requests.map(({ content }) => content),
      ["one"],
    );
    annas.respond(0, 200);
    await settled();

    assert.deepEqual(
      annas.requests.map(({ content }) => content),
      ["one", "two"],
    );
    const [first, second] = annas.requests.map(({ headers }) => headers.cseq.seq);
    assert.equal(Number(second) - Number(first), 1);
  });

  test("skip to the newest state for anna who is slow", async () => {
    const { annas, notifier } = await subscribed();

    const told = [];
    for (let change = 0; change < 1000; change++) told.push(notifier.notify("text/plain", `${change}`));
    await settled();
    annas.respond(0, 200);
    await settled();
    annas.respond(1, 200);
    await Promise.all(told);

    assert.deepEqual(
      annas.requests.map(({ content }) => content),
      ["0", "999"],
    );
  });

  test("keep the distance that anna asked for, but not the last", async () => {
    const { annas, notifier } = await subscribed({ event: "conference;max-rate=0.2" });

    void notifier.notify("text/plain", "one");
    await settled();
    annas.respond(0, 200);
    await settled();
    void notifier.notify("text/plain", "two");
    mock.timers.tick(4999);
    await settled();
    assert.equal(annas.requests.length, 1);
    mock.timers.tick(1);
    await settled();
    assert.equal(annas.requests.length, 2);
    annas.respond(1, 200);
    await settled();
    void notifier.terminate("noresource", "text/plain", "gone");
    await settled();

    assert.deepEqual(
      annas.requests.map(({ content }) => content),
      ["one", "two", "gone"],
    );
  });

  test("come again with the newest state when anna asks to wait", async () => {
    const { annas, notifier, ended } = await subscribed();

    void notifier.notify("text/plain", "one");
    await settled();
    annas.respond(0, 503, { headers: { "retry-after": "9" } });
    await settled();
    void notifier.notify("text/plain", "two");
    mock.timers.tick(8999);
    await settled();
    assert.equal(annas.requests.length, 1);
    mock.timers.tick(1);
    await settled();

    assert.equal(annas.requests[1]?.content, "two");
    assert.deepEqual(ended, []);
  });

  test("come again with the same state when anna asks to wait and there is no newer one", async () => {
    const { annas, notifier, ended } = await subscribed();

    void notifier.notify("text/plain", "one");
    await settled();
    annas.respond(0, 503, { headers: { "retry-after": "9" } });
    await settled();
    mock.timers.tick(9000);
    await settled();

    assert.deepEqual(
      annas.requests.map(({ content }) => content),
      ["one", "one"],
    );
    assert.deepEqual(ended, []);
  });

  test("are over when anna has no time and does not say until when", async () => {
    const { annas, notifier, ended } = await subscribed();

    void notifier.notify("text/plain", "one");
    await settled();
    annas.respond(0, 503);
    await settled();

    assert.deepEqual(ended, ["lost"]);
    assert.equal(notifier.active, false);
  });
});
