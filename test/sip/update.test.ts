import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { EarlyLeg, LegHandlers } from "#sip/leg.ts";
import { pass } from "../support/clock.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { fromBob, reliably, withSdp } from "../support/early.ts";
import { FakeNet } from "../support/fake-stack.ts";

const allow = "INVITE, ACK, CANCEL, BYE, PRACK, UPDATE";

/** alice calls bob, who answers by hand; they have agreed on a session while his phone rings. */
async function ringing(handlers: LegHandlers = {}, allows = allow) {
  const net = new FakeNet();
  const alice = await net.agent("alice");
  const bob = net.scripted("bob");
  const early: EarlyLeg[] = [];
  const call = alice.invite("sip:bob@bob", {
    offer: offerAt(4000),
    handlers,
    onEarly: (leg) => early.push(leg),
  });
  call.catch(() => undefined);
  await settled();
  bob.respond(0, 183, reliably(1, { headers: { allow: allows }, sdp: answerAt(5000, offerAt(4000)) }));
  await settled();
  bob.respond(1, 200);
  await settled();
  net.ladder.clear();
  const [leg] = early;
  assert.ok(leg);
  return { net, alice, bob, leg, call };
}

/** The same, and bob has accepted. */
async function talking(handlers: LegHandlers = {}) {
  const { net, bob, call } = await ringing(handlers);
  bob.respond(0, 200, { contact: "sip:desk@bob:5060" });
  const { leg } = await call;
  await settled();
  net.ladder.clear();
  return { net, bob, leg };
}

describe("an UPDATE", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("changes the session while bob's phone still rings", async () => {
    const { net, bob, leg } = await ringing();

    const offered = leg.offer(offerAt(4002));
    await settled();
    bob.respond(2, 200, { sdp: answerAt(5002, offerAt(4002)) });

    assert.equal(readAudio(await offered)?.port, 5002);
    assert.equal(readAudio(leg.localDescription)?.port, 4002);
    net.ladder.reads(`
      alice -> bob:   UPDATE sdp
      bob   -> alice: 200 sdp
    `);
  });

  test("that bob's phone refuses leaves the session as it was", async () => {
    const { bob, leg } = await ringing();
    const { description, localDescription } = leg;

    const offered = leg.offer(offerAt(4002));
    await settled();
    bob.respond(2, 488);

    await assert.rejects(offered, { status: 488 });
    assert.deepEqual([leg.description, leg.localDescription], [description, localDescription]);
  });

  test("is not sent to a phone that takes none: the offer waits for the answer, and is a re-INVITE", async () => {
    const { net, bob, leg, call } = await ringing({}, "INVITE, ACK, BYE, CANCEL, PRACK");

    const offered = leg.offer(offerAt(4002));
    await settled();
    assert.deepEqual(net.ladder.steps("alice"), []);
    bob.respond(0, 200, { contact: "sip:desk@bob:5060" });
    await call;
    await settled();
    bob.respond(2, 200, { sdp: answerAt(5002, offerAt(4002)) });

    await offered;
    assert.deepEqual(net.ladder.steps("alice -> bob"), [
      "alice -> bob: ACK",
      "alice -> bob: INVITE sdp",
      "alice -> bob: ACK",
    ]);
  });

  for (const [when, start] of [
    ["while bob's phone rings", ringing],
    ["in the call", talking],
  ] as const) {
    test(`of bob ${when} is answered by alice's owner`, async () => {
      const { bob, leg } = await start({ onOffer: (offer) => answerAt(4006, offer) });

      bob.send(withSdp(fromBob(bob.requests[0], "UPDATE", 1), offerAt(5006)));
      await settled();

      assert.equal(readAudio(bob.responses[0]?.content ?? "")?.port, 4006);
      assert.equal(readAudio(leg.description)?.port, 5006);
    });
  }

  test("without a description says only where bob is now, and alice's owner hears of it after the 200", async () => {
    const { net, bob, leg } = await talking();
    leg.handlers = { onTarget: (was) => net.ladder.record("alice", "owner", `was ${was.uri}`) };
    const update = fromBob(bob.requests[0], "UPDATE", 1);
    const contact = [{ uri: "sip:sofa@bob:5060", params: {} }];

    bob.send({ ...update, headers: { ...update.headers, contact } });
    await settled();
    net.ladder.reads(`
      bob   -> alice: UPDATE
      alice -> bob:   200
      alice -> owner: was sip:desk@bob:5060
    `);
    void leg.bye();
    await settled();

    assert.deepEqual([bob.responses[0]?.status, bob.responses[0]?.content], [200, ""]);
    assert.equal(bob.requests.at(-1)?.uri, "sip:sofa@bob:5060");
  });

  test("of a bob who stays where he is tells alice's owner nothing", async () => {
    const targets: string[] = [];
    const { bob } = await talking({ onTarget: ({ uri }) => targets.push(uri) });
    const update = fromBob(bob.requests[0], "UPDATE", 1);

    bob.send({
      ...update,
      headers: { ...update.headers, contact: [{ uri: "sip:desk@bob:5060", params: {} }] },
    });
    await settled();

    assert.deepEqual(targets, []);
  });

  test("is refused with 500 and Retry-After while the one before it waits for alice's owner", async () => {
    const never = new Promise<string>(() => undefined);
    const { bob } = await talking({ onOffer: () => never });

    bob.send(withSdp(fromBob(bob.requests[0], "UPDATE", 1), offerAt(5006)));
    bob.send(withSdp(fromBob(bob.requests[0], "UPDATE", 2), offerAt(5008)));
    await settled();

    assert.equal(bob.responses[0]?.status, 500);
    assert.match(String(bob.responses[0]?.headers["retry-after"]), /^(\d|10)$/);
  });

  test("is refused with 491 while an offer of alice is open", async () => {
    const { bob, leg } = await talking({ onOffer: (offer) => answerAt(4006, offer) });

    void leg.offer(offerAt(4002)).catch(() => undefined);
    await settled();
    bob.send(withSdp(fromBob(bob.requests[0], "UPDATE", 1), offerAt(5006)));
    bob.send(fromBob(bob.requests[0], "UPDATE", 2));
    await settled();

    assert.deepEqual(
      bob.responses.map(({ status }) => status),
      [491, 200],
    );
  });

  test("refused with 491 is sent once more, 2.1 to 4 s later as the call is alice's", async () => {
    const { net, bob, leg } = await ringing();

    const offered = leg.offer(offerAt(4002));
    await settled();
    bob.respond(2, 491);
    await settled();
    pass(2_000);
    await settled();
    assert.equal(net.ladder.steps("UPDATE").length, 1);
    pass(2_000);
    await settled();
    bob.respond(3, 200, { sdp: answerAt(5002, offerAt(4002)) });

    assert.equal(readAudio(await offered)?.port, 5002);
  });

  test("refused with 500 is sent once more when bob's phone says so", async () => {
    const { bob, leg, net } = await ringing();

    const offered = leg.offer(offerAt(4002));
    await settled();
    bob.respond(2, 500, { headers: { "retry-after": "3" } });
    await settled();
    pass(2_900);
    await settled();
    assert.equal(net.ladder.steps("UPDATE").length, 1);
    pass(100);
    await settled();
    bob.respond(3, 200, { sdp: answerAt(5002, offerAt(4002)) });

    assert.equal(readAudio(await offered)?.port, 5002);
  });

  test("that finds no early dialog any more loses that phone, not the call", async () => {
    const { bob, leg, call } = await ringing();

    const offered = leg.offer(offerAt(4002));
    await settled();
    bob.respond(2, 481);
    await assert.rejects(offered, { status: 481 });
    bob.respond(0, 200, {
      tag: "laptop",
      contact: "sip:laptop@bob:5060",
      sdp: answerAt(5004, offerAt(4000)),
    });

    assert.equal(leg.state, "ended");
    assert.equal((await call).leg.id.remoteTag, "laptop");
  });
});
