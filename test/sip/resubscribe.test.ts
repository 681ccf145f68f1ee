import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";
import {
  askedConference,
  conference,
  listener,
  notify,
  scriptedConference,
} from "../support/subscriptions.ts";

describe("a subscription that is lost", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("that the conference forgot is asked for anew, in a dialog of its own", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await conference(net);
    const { heard, ended, options } = listener();
    const subscription = alice.subscribe("sip:comedies@comedies", options);
    await settled();
    const { subscribes } = await conference(net);

    subscription.refresh();
    await settled();
    assert.equal(subscription.state, "pausing");
    mock.timers.tick(1000);
    await settled();

    assert.equal(subscription.state, "active");
    assert.deepEqual(heard, ["active roster", "active roster"]);
    assert.deepEqual(ended, []);
    assert.equal(subscribes.length, 1);
  });

  const lastWords: [title: string, state: string, ms: number | undefined][] = [
    ["deactivated: at once", "terminated;reason=deactivated", 0],
    ["timeout: at once", "terminated;reason=timeout", 0],
    ["probation: when the conference says", "terminated;reason=probation;retry-after=5", 5000],
    ["probation without a time: after a second", "terminated;reason=probation", 1000],
    ["giveup: when the conference says", "terminated;reason=giveup;retry-after=90", 90_000],
    ["nothing at all: after a second", "terminated", 1000],
    ["rejected: never", "terminated;reason=rejected;retry-after=5", undefined],
    ["noresource: never", "terminated;reason=noresource", undefined],
    ["invariant: never", "terminated;reason=invariant", undefined],
  ];
  for (const [title, state, ms] of lastWords) {
    test(`that the conference ends is asked for anew, ${title}`, async () => {
      const { subscription, comedies, heard, ended } = await scriptedConference();

      comedies.send(notify(comedies.requests[0], 2, state));
      await settled();

      assert.equal(heard.at(-1), "terminated roster 2");
      if (ms === undefined) {
        const [, reason] = /reason=(\w+)/.exec(state) ?? [];
        assert.equal(ended[0]?.[0], reason);
        assert.equal(subscription.state, "ended");
        return;
      }
      mock.timers.tick(Math.max(ms - 1, 0));
      assert.equal(comedies.requests.length, 1);
      mock.timers.tick(1);
      await settled();
      assert.equal(comedies.requests.length, 2);
      assert.notEqual(comedies.requests[1]?.headers["call-id"], comedies.requests[0]?.headers["call-id"]);
      assert.deepEqual(ended, []);
    });
  }

  test("ended again and again is asked for less and less often", async () => {
    const { comedies } = await scriptedConference();
    const asked: number[] = [];

    for (let round = 0; round < 12; round++) {
      comedies.send(notify(comedies.requests.at(-1), 2, "terminated;reason=deactivated"));
      await settled();
      const before = comedies.requests.length;
      let waited = 0;
      for (; comedies.requests.length === before; waited += 1000) {
        mock.timers.tick(waited === 0 ? 1 : 1000);
        await settled();
      }
      asked.push(waited / 1000 - 1);
    }

    assert.deepEqual(asked, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]);
  });

  test("refused as too short is asked for as long as the conference wants", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const comedies = net.scripted("comedies");
    const { ended, options } = listener(30);

    alice.subscribe("sip:comedies@comedies", options);
    await settled();
    comedies.respond(0, 423, { headers: { "min-expires": "120" } });
    await settled();
    const [first, second] = comedies.requests;
    assert.equal(second?.headers["expires"], "120");
    assert.equal(second?.headers["call-id"], first?.headers["call-id"]);
    assert.ok(Number(second?.headers.cseq.seq) > Number(first?.headers.cseq.seq));
    comedies.respond(1, 423, { headers: { "min-expires": "120" } });
    await settled();

    assert.deepEqual(ended, [["Interval Too Brief", 423, undefined]]);
  });

  test("that the conference is too busy for is asked for when it says", async () => {
    const { comedies, subscription, ended } = await askedConference();

    comedies.respond(0, 503, { headers: { "retry-after": "7 (full house);duration=60" } });
    await settled();
    assert.equal(subscription.state, "pausing");
    mock.timers.tick(7000);
    await settled();

    assert.equal(comedies.requests.length, 2);
    assert.deepEqual(ended, []);
  });

  const refusals: [status: number, headers: Record<string, string>][] = [
    [503, {}],
    [403, { "retry-after": "7" }],
    [404, {}],
    [489, {}],
    [481, {}],
  ];
  for (const [status, headers] of refusals) {
    test(`refused with ${status} from the first ends with that status`, async () => {
      const net = new FakeNet();
      const alice = await net.agent("alice");
      const comedies = net.scripted("comedies");
      const { ended, options } = listener();
      alice.subscribe("sip:comedies@comedies", options);
      await settled();

      comedies.respond(0, status, { headers });
      await settled();

      assert.equal(ended[0]?.[1], status);
    });
  }

  test("while it pauses ends with its user agent", async () => {
    const { alice, comedies, subscription, ended } = await scriptedConference();
    comedies.send(notify(comedies.requests[0], 2, "terminated;reason=probation"));
    await settled();
    assert.equal(subscription.state, "pausing");

    await alice.close();
    mock.timers.tick(100_000);

    assert.equal(subscription.state, "ended");
    assert.equal(comedies.requests.length, 1);
    assert.deepEqual(ended, []);
  });
});
