import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import type { Subscription } from "#sip/subscribe.ts";
import { settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";
import {
  askedConference,
  conference,
  listener,
  notify,
  scriptedConference,
} from "../support/subscriptions.ts";

describe("a subscription", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("brings alice the roster, and ends when she leaves", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await conference(net);
    const { heard, ended, options } = listener();

    const subscription = alice.subscribe("sip:comedies@comedies", options);
    await settled();
    assert.equal(subscription.state, "active");
    await subscription.end();
    await settled();

    assert.deepEqual(heard, ["active roster"]);
    assert.deepEqual(ended, []);
    assert.equal(subscription.state, "ended");
    net.ladder.reads(`
      alice    -> comedies: SUBSCRIBE
      comedies -> alice:    200
      comedies -> alice:    NOTIFY roster
      alice    -> comedies: 200
      alice    -> comedies: SUBSCRIBE expires=0
      comedies -> alice:    200
      comedies -> alice:    NOTIFY terminated;reason=timeout
      alice    -> comedies: 200
    `);
  });

  test("refused to a stranger ends with the status", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("comedies", { onSubscribe: (subscribe) => subscribe.reject(403) });
    const { ended, options } = listener();

    alice.subscribe("sip:comedies@comedies", options);
    await settled();

    assert.deepEqual(ended, [["Forbidden", 403, undefined]]);
  });

  test("ends when no NOTIFY follows the 200 within timer N", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const comedies = net.scripted("comedies");
    const { ended, options } = listener();

    const subscription = alice.subscribe("sip:comedies@comedies", options);
    await settled();
    comedies.respond(0, 200, { contact: "sip:comedies@comedies" });
    await settled();
    mock.timers.tick(31_999);
    assert.equal(subscription.state, "notify-wait");
    mock.timers.tick(1);

    assert.deepEqual(ended, [["no NOTIFY", 408, undefined]]);
  });

  test("begins with a NOTIFY that overtakes the 200", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const comedies = net.scripted("comedies");
    const { heard, options } = listener();

    const subscription = alice.subscribe("sip:comedies@comedies", options);
    await settled();
    comedies.send(notify(comedies.requests[0], 1, "active;expires=600"));
    await settled();
    comedies.respond(0, 200, { contact: "sip:comedies@comedies", headers: { expires: "600" } });
    await settled();

    assert.deepEqual(heard, ["active roster 1"]);
    assert.equal(subscription.state, "active");
    assert.equal(comedies.responses[0]?.status, 200);
  });

  test("takes no NOTIFY of a second fork, of another package, or out of order", async () => {
    const { comedies, heard } = await askedConference();
    comedies.respond(0, 200, { contact: "sip:comedies@comedies" });
    const [asked] = comedies.requests;
    const presence = notify(asked, 8, "active");

    comedies.send(notify(asked, 7, "active"));
    comedies.send(notify(asked, 8, "active", "another-fork"));
    comedies.send({ ...presence, headers: { ...presence.headers, event: "presence" } });
    comedies.send(notify(asked, 6, "active"));
    comedies.send(notify(asked, 9, ""));
    await settled();

    assert.deepEqual(
      comedies.responses.map(({ status }) => status),
      [200, 481, 489, 500, 400],
    );
    assert.deepEqual(heard, ["active roster 7"]);
  });

  test("is refreshed before it expires", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await conference(net);
    const { heard, options } = listener(600);

    const subscription = alice.subscribe("sip:comedies@comedies", options);
    await settled();
    mock.timers.tick(568_000);
    await settled();

    assert.deepEqual(heard, ["active roster", "active roster again"]);
    assert.equal(subscription.state, "active");
    assert.equal(net.ladder.steps("SUBSCRIBE").length, 2);
  });

  test("of a busy conference does not talk itself into expiry", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const { notifiers } = await conference(net);
    const { heard, ended, options } = listener(60);

    alice.subscribe("sip:comedies@comedies", options);
    await settled();
    for (let second = 0; second < 120; second++) {
      void notifiers[0]?.notify("text/plain", `change ${second}`);
      await settled();
      mock.timers.tick(1000);
      await settled();
    }

    assert.deepEqual(ended, []);
    assert.ok(heard.includes("active change 119"));
    assert.equal(net.ladder.steps("SUBSCRIBE").length, 1 + 4);
  });

  test("asks for the full roster again when alice missed a version", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await conference(net);
    const { heard, options } = listener();
    const subscription = alice.subscribe("sip:comedies@comedies", options);
    await settled();

    subscription.refresh();
    subscription.refresh();
    await settled();

    assert.deepEqual(heard, ["active roster", "active roster again"]);
    assert.equal(net.ladder.steps("SUBSCRIBE").length, 2);
    assert.equal(subscription.state, "active");
  });

  test("whose refresh fails for now holds until its time is over, and is tried again before", async () => {
    const { subscription, comedies, ended } = await scriptedConference(600);

    mock.timers.tick(568_000);
    await settled();
    comedies.respond(1, 503, { headers: { "retry-after": "10" } });
    await settled();
    assert.equal(subscription.state, "active");
    mock.timers.tick(10_000);
    await settled();
    comedies.respond(2, 200, { headers: { expires: "600" } });
    await settled();

    assert.equal(subscription.state, "active");
    assert.equal(comedies.requests.length, 3);
    assert.deepEqual(ended, []);
  });

  test("granted for less than asked is refreshed earlier, also when only a NOTIFY says so", async () => {
    const { subscription, comedies } = await scriptedConference(600);

    comedies.send(notify(comedies.requests[0], 2, "active;expires=60"));
    await settled();
    mock.timers.tick(29_999);
    assert.equal(subscription.state, "active");
    mock.timers.tick(1);

    assert.equal(subscription.state, "refreshing");
  });

  test("for one look ends with the look", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await conference(net);
    const { heard, ended, options } = listener(0);

    alice.subscribe("sip:comedies@comedies", options);
    await settled();
    mock.timers.tick(100_000);

    assert.deepEqual(heard, ["terminated roster"]);
    assert.deepEqual(ended, [["timeout", undefined, undefined]]);
    assert.equal(net.ladder.steps("SUBSCRIBE").length, 1);
  });

  test("that reached two conferences is two for whoever wants both", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const comedies = net.scripted("comedies");
    const { heard, options } = listener();
    const other: string[] = [];
    const forks: Subscription[] = [];
    alice.subscribe("sip:comedies@comedies", {
      ...options,
      onFork: (fork) => {
        forks.push(fork);
        return {
          onNotify: ({ content }) => other.push(content),
          onEnded: (reason) => other.push(reason),
        };
      },
    });
    await settled();
    comedies.respond(0, 200, { contact: "sip:comedies@comedies" });
    const [asked] = comedies.requests;

    comedies.send(notify(asked, 1, "active"));
    await settled();
    comedies.send(notify(asked, 1, "active", "dramas"));
    await settled();
    comedies.send(notify(asked, 2, "active", "dramas"));
    comedies.send(notify(asked, 3, "terminated;reason=deactivated", "dramas"));
    await settled();

    assert.deepEqual(heard, ["active roster 1"]);
    assert.deepEqual(other, ["roster 1", "roster 2", "roster 3", "deactivated"]);
    assert.equal(forks.length, 1);
    assert.deepEqual(
      comedies.responses.map(({ status }) => status),
      [200, 200, 200, 200],
    );
  });

  test("belongs to the conference whose NOTIFY comes, whichever sent the 200", async () => {
    const { comedies, heard } = await askedConference();

    comedies.respond(0, 200, { contact: "sip:comedies@comedies", tag: "films" });
    await settled();
    comedies.send(notify(comedies.requests[0], 1, "active", "dramas"));
    await settled();

    assert.deepEqual(heard, ["active roster 1"]);
  });

  test("given up before it was answered is still taken back", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const { notifiers } = await conference(net);
    const { heard, options } = listener();

    await alice.subscribe("sip:comedies@comedies", options).end();
    await settled();

    assert.deepEqual(heard, []);
    assert.equal(notifiers[0]?.active, false);
  });

  test("tells the conference by which call alice is a member", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const { subscribes } = await conference(net);
    const { options } = listener();

    alice.subscribe("sip:comedies@comedies", {
      ...options,
      headers: { "Target-Dialog": "a-call;local-tag=alices;remote-tag=theirs" },
    });
    await settled();

    assert.deepEqual(subscribes[0]?.targetDialog, {
      callId: "a-call",
      localTag: "theirs",
      remoteTag: "alices",
    });
  });
});
