import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { firstRequest } from "#sip/dialog.ts";
import type { SipHeaders, SipRequest } from "#sip/message.ts";
import type { Notifier } from "#sip/notify.ts";
import { settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

const anna = { uri: "sip:anna@anna:5060", params: {} };

function subscribe(headers: Partial<SipHeaders> = {}): SipRequest {
  return firstRequest("SUBSCRIBE", "sip:comedies@comedies", anna, {
    headers: { contact: [anna], event: "conference", expires: "600", ...headers },
  });
}

/** anna, who answers by hand, has subscribed to comedies. */
async function subscribed(headers: Partial<SipHeaders> = {}) {
  const net = new FakeNet();
  const annas = net.scripted("anna");
  const notifiers: Notifier[] = [];
  const ended: string[] = [];
  const agent = await net.agent("comedies", {
    onSubscribe: (asked) => {
      notifiers.push(asked.accept({ onRefresh: () => undefined, onEnded: (reason) => ended.push(reason) }));
    },
  });
  const request = subscribe(headers);
  annas.send(request);
  await settled();
  const [notifier] = notifiers;
  assert.ok(notifier);
  const tag = annas.responses[0]?.headers.to.params["tag"] ?? "";
  /** anna's next SUBSCRIBE in the dialog. */
  const again = (seq: number, expires: string): SipRequest => ({
    ...request,
    headers: {
      ...request.headers,
      to: { ...request.headers.to, params: { tag } },
      cseq: { seq, method: "SUBSCRIBE" },
      expires,
    },
  });
  return { net, agent, annas, notifier, ended, again };
}

const states = (requests: readonly SipRequest[]) =>
  requests.map(({ headers }) => headers["subscription-state"]);

describe("a notifier", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("has at most one NOTIFY on its way, each CSeq higher by one", async () => {
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

  test("is over when anna does not answer", async () => {
    const { notifier, ended } = await subscribed();

    const told = notifier.notify("text/plain", "one");
    await settled();
    mock.timers.tick(32_000);
    await told;

    assert.deepEqual(ended, ["lost"]);
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

  test("sends only the newest state to anna who is slow", async () => {
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

  test("waits between two NOTIFYs as long as anna asked, but not with the last", async () => {
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

  test("comes back with the newest state when anna asks it to wait", async () => {
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

  test("comes back with the same state when anna asks it to wait and there is no newer one", async () => {
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

  test("is over when anna has no time and does not say until when", async () => {
    const { annas, notifier, ended } = await subscribed();

    void notifier.notify("text/plain", "one");
    await settled();
    annas.respond(0, 503);
    await settled();

    assert.deepEqual(ended, ["lost"]);
    assert.equal(notifier.active, false);
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
