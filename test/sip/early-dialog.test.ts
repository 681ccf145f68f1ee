import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { EarlyLeg, Leg } from "#sip/leg.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { fromBob, withSdp } from "../support/early.ts";
import { FakeNet } from "../support/fake-stack.ts";

const desk = { contact: "sip:desk@bob:5060", tag: "desk" };
const laptop = { contact: "sip:laptop@bob:5060", tag: "laptop" };

/** alice calls bob, who answers by hand. */
async function calling() {
  const net = new FakeNet();
  const alice = await net.agent("alice");
  const bob = net.scripted("bob");
  const early: EarlyLeg[] = [];
  const forks: Leg[] = [];
  const patience = new AbortController();
  const call = alice.invite("sip:bob@bob", {
    offer: offerAt(4000),
    signal: patience.signal,
    onEarly: (leg) => early.push(leg),
    onFork: ({ leg }) => forks.push(leg),
  });
  call.catch(() => undefined);
  await settled();
  return { net, alice, bob, early, forks, patience, call };
}

describe("a phone that rings", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("is an early dialog of its own, and one more for each phone bob has", async () => {
    const { bob, early, alice } = await calling();

    bob.respond(0, 180, desk);
    bob.respond(0, 180, laptop);
    bob.respond(0, 180, desk);
    await settled();

    assert.deepEqual(
      early.map(({ id, state }) => [id.remoteTag, state]),
      [
        ["desk", "early"],
        ["laptop", "early"],
      ],
    );
    assert.equal([...alice.legs()].length, 2);
  });

  test("is heard before it is answered when it sends its description", async () => {
    const { bob, early, call } = await calling();

    bob.respond(0, 180, desk);
    bob.respond(0, 183, { ...desk, sdp: answerAt(5000, offerAt(4000)) });
    await settled();

    assert.equal(early.length, 2);
    assert.equal(readAudio(early[1]?.description ?? "")?.port, 5000);
    bob.respond(0, 200, desk);
    assert.equal(readAudio((await call).answer)?.port, 5000);
  });

  test("gets an answer to what it asks in its early dialog", async () => {
    const { bob } = await calling();

    bob.respond(0, 180, desk);
    await settled();
    bob.send(fromBob(bob.requests[0], "OPTIONS", 1, "desk"));
    bob.send(fromBob(bob.requests[0], "OPTIONS", 1, "nobody"));
    await settled();

    assert.deepEqual(
      bob.responses.map(({ status }) => status),
      [200, 481],
    );
  });

  test("that says BYE is out, and the others ring on", async () => {
    const { bob, early, call } = await calling();
    const lost: string[] = [];
    bob.respond(0, 180, desk);
    bob.respond(0, 180, laptop);
    await settled();
    const [first] = early;
    assert.ok(first);
    first.onLost = (reason) => lost.push(reason);

    bob.send(fromBob(bob.requests[0], "BYE", 1, "desk"));
    await settled();
    bob.respond(0, 200, { ...laptop, sdp: answerAt(5000, offerAt(4000)) });

    assert.equal((await call).leg.id.remoteTag, "laptop");
    assert.deepEqual(lost, ["The peer left"]);
  });

  test("loses when another phone was quicker, and alice hears of it after 32 s", async () => {
    const { bob, early, call, alice } = await calling();
    const lost: string[] = [];
    bob.respond(0, 180, desk);
    bob.respond(0, 180, laptop);
    await settled();
    for (const leg of early) leg.onLost = (reason) => lost.push(`${leg.id.remoteTag}: ${reason}`);

    bob.respond(0, 200, { ...desk, sdp: answerAt(5000, offerAt(4000)) });
    await call;
    mock.timers.tick(31_999);
    assert.deepEqual(lost, []);
    mock.timers.tick(1);

    assert.deepEqual(lost, ["laptop: Answered elsewhere"]);
    assert.equal([...alice.legs()].length, 1);
  });

  test("ends when the call is refused", async () => {
    const { bob, early, call, alice } = await calling();
    bob.respond(0, 180, desk);
    await settled();

    bob.respond(0, 486);

    await assert.rejects(call, { status: 486 });
    assert.equal(early[0]?.state, "ended");
    assert.deepEqual([...alice.legs()], []);
  });

  test("and answers second is a call of its own where alice wants it", async () => {
    const { bob, forks, call, net } = await calling();

    bob.respond(0, 200, { ...desk, sdp: answerAt(5000, offerAt(4000)) });
    bob.respond(0, 200, { ...laptop, sdp: answerAt(5002, offerAt(4000)) });
    await call;
    await settled();

    assert.equal(readAudio(forks[0]?.description ?? "")?.port, 5002);
    assert.equal(bob.acks.length, 2);
    assert.deepEqual(net.ladder.steps("BYE"), []);
  });

  test("and answers as alice gives up is acknowledged and hung up, each of two", async () => {
    const { bob, forks, patience, call, net } = await calling();
    bob.respond(0, 180, desk);
    await settled();

    patience.abort();
    bob.respond(0, 200, { ...desk, sdp: answerAt(5000, offerAt(4000)) });
    bob.respond(0, 200, { ...laptop, sdp: answerAt(5002, offerAt(4000)) });
    await assert.rejects(call, { status: 487 });
    await settled();

    assert.equal(bob.acks.length, 2);
    assert.deepEqual(
      bob.requests.slice(1).map(({ method, headers }) => `${method} ${headers.to.params["tag"]}`),
      ["BYE desk", "BYE laptop"],
    );
    assert.deepEqual(forks, []);
    assert.equal(net.ladder.steps("CANCEL").length, 1);
  });

  test("is told to stop by hanging up its early leg", async () => {
    const { bob, early, call, net } = await calling();
    bob.respond(0, 180, desk);
    await settled();

    await early[0]?.bye();
    bob.respond(0, 487);

    await assert.rejects(call, { status: 487 });
    assert.deepEqual(net.ladder.steps("CANCEL"), ["alice -> bob: CANCEL"]);
  });

  test("cannot be offered anything before it has answered: 491 to its UPDATE with an offer", async () => {
    const { bob } = await calling();
    bob.respond(0, 180, desk);
    await settled();

    bob.send(withSdp(fromBob(bob.requests[0], "UPDATE", 1, "desk"), offerAt(5000)));
    bob.send(withSdp(fromBob(bob.requests[0], "INVITE", 2, "desk"), offerAt(5000)));
    await settled();

    assert.deepEqual(
      bob.responses.map(({ status }) => status),
      [491, 491],
    );
  });
});

describe("bob's phone that rings", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("sends what bob's end plays, and the same again when he answers", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob", {
      onInvite: (call) => {
        call.ring(183, { sdp: answerAt(5000, call.offer ?? ""), reliable: false });
        call.accept(answerAt(5002, call.offer ?? ""));
      },
    });
    const heard: string[] = [];

    const { answer } = await alice.invite("sip:bob@bob", {
      offer: offerAt(4000),
      onEarly: ({ description }) => heard.push(description),
    });

    assert.equal(readAudio(heard[0] ?? "")?.port, 5000);
    assert.equal(answer, heard[0]);
  });

  test("stops when the caller says BYE before the answer", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const ends: string[] = [];
    const bob = await net.agent("bob", {
      onInvite: (call) => {
        call.onCancelled = () => ends.push("cancelled");
        const early = call.ring();
        if (early) early.onLost = (reason) => ends.push(reason);
      },
    });
    const early: EarlyLeg[] = [];
    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000), onEarly: (leg) => early.push(leg) });
    call.catch(() => undefined);
    await settled();

    const status = (await early[0]?.request("BYE"))?.status;

    assert.equal(status, 200);
    await assert.rejects(call, { status: 487 });
    assert.deepEqual(ends, ["The caller left", "cancelled"]);
    assert.deepEqual([...bob.legs()], []);
  });
});
