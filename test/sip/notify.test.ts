import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import type { SipRequest } from "#sip/message.ts";
import { settled } from "../support/descriptions.ts";
import { subscribe, subscribed } from "../support/notifier-cast.ts";

const states = (requests: readonly SipRequest[]) =>
  requests.map(({ headers }) => headers["subscription-state"]);

describe("a notifier", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("grants what was asked for, an hour at most", async () => {
    const { annas } = await subscribed({ expires: "999999" });

    assert.equal(annas.responses[0]?.headers["expires"], "3600");
  });

  test("ends when its time is up and says so to both sides", async () => {
    const { annas, notifier, ended } = await subscribed();

    mock.timers.tick(600_000);
    await settled();

    assert.deepEqual(states(annas.requests), ["terminated;reason=timeout"]);
    assert.deepEqual(ended, ["expired"]);
    assert.equal(notifier.active, false);
  });

  test("lives on when anna refreshes in time", async () => {
    const { annas, notifier, again } = await subscribed();

    mock.timers.tick(500_000);
    annas.send(again(2, "600"));
    await settled();
    mock.timers.tick(500_000);

    assert.equal(notifier.active, true);
  });

  test("takes no refresh out of order, none that is malformed, and no other request", async () => {
    const { annas, again } = await subscribed();

    annas.send(again(1, "600"));
    annas.send(again(2, "soon"));
    annas.send({ ...again(3, "600"), method: "INFO" });
    await settled();

    assert.deepEqual(
      annas.responses.map(({ status }) => status),
      [200, 500, 400, 405],
    );
  });

  test("says goodbye when anna unsubscribes", async () => {
    const { annas, ended, again } = await subscribed();

    annas.send(again(2, "0"));
    await settled();

    assert.deepEqual(states(annas.requests), ["terminated;reason=timeout"]);
    assert.deepEqual(ended, ["unsubscribed"]);
  });

  test("sends a single NOTIFY to whoever only wants to look", async () => {
    const { annas, notifier } = await subscribed({ expires: "0" });

    void notifier.notify("text/plain", "roster");
    await settled();

    assert.deepEqual(
      annas.requests.map(({ content }) => content),
      ["roster"],
    );
    assert.deepEqual(states(annas.requests), ["terminated;reason=timeout"]);
    assert.equal(notifier.active, false);
  });

  test("is over when anna does not know of it", async () => {
    const { annas, notifier, ended } = await subscribed();

    void notifier.notify("text/plain", "one");
    void notifier.notify("text/plain", "two");
    await settled();
    annas.respond(0, 481);
    await settled();

    assert.deepEqual(ended, ["lost"]);
    assert.equal(annas.requests.length, 1);
  });

  test("owes everything to anna when she does not answer, and is over when she does not answer that either", async () => {
    const { annas, notifier, refreshed, ended } = await subscribed();

    void notifier.notify("text/plain", "one");
    await settled();
    mock.timers.tick(32_000);
    await settled();
    assert.equal(refreshed(), 1);
    assert.deepEqual(ended, []);
    assert.equal(annas.requests.length, 2);
    mock.timers.tick(32_000);
    await settled();

    assert.deepEqual(ended, ["lost"]);
    assert.equal(annas.requests.length, 2);
  });

  test("goes on with anna when she answers again, however often she has not", async () => {
    const { annas, notifier, ended } = await subscribed();

    for (const one of [0, 2]) {
      void notifier.notify("text/plain", "news");
      await settled();
      mock.timers.tick(32_000);
      await settled();
      annas.respond(one + 1, 200);
      await settled();
    }

    assert.deepEqual(ended, []);
    assert.equal(annas.requests.length, 4);
  });

  test("says why it ends, and does not tell its owner who ended it", async () => {
    const { annas, notifier, ended } = await subscribed();

    void notifier.terminate("noresource");
    void notifier.terminate("noresource");
    await settled();

    assert.deepEqual(states(annas.requests), ["terminated;reason=noresource"]);
    assert.deepEqual(ended, []);
  });

  test("ends with its user agent", async () => {
    const { annas, agent, ended } = await subscribed();

    let gone = false;
    const closed = agent.close().then(() => {
      gone = true;
    });
    await settled();
    assert.equal(gone, false, "left before anna could answer");
    annas.respond(0, 200);
    await closed;

    assert.deepEqual(states(annas.requests), ["terminated;reason=deactivated"]);
    assert.deepEqual(ended, []);
  });

  test("whose owner has nothing to say yet sends an empty NOTIFY at once", async () => {
    const { annas } = await subscribed();

    await settled();

    assert.deepEqual(
      annas.requests.map(({ content, headers }) => [content, String(headers["subscription-state"])]),
      [["", "active;expires=600"]],
    );
  });

  test("repeats the id that anna gave her subscription", async () => {
    const { annas, notifier, again } = await subscribed({ event: "conference;id=7" });

    void notifier.notify("text/plain", "one");
    const refresh = again(2, "600");
    annas.send({ ...refresh, headers: { ...refresh.headers, event: "conference;id=8" } });
    await settled();

    assert.equal(annas.requests[0]?.headers["event"], "conference;id=7");
    assert.deepEqual(
      annas.responses.map(({ status }) => status),
      [200, 481],
    );
  });

  test("grants nothing shorter than it wants to, first or later", async () => {
    const { annas, again } = await subscribed();

    annas.send(again(2, "4"));
    annas.send(subscribe({ expires: "3" }));
    await settled();

    const [, ...short] = annas.responses;
    assert.deepEqual(
      short.map(({ status, headers }) => [status, headers["min-expires"]]),
      [
        [423, "5"],
        [423, "5"],
      ],
    );
  });
});
