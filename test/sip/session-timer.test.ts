import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { firstRequest } from "#sip/dialog.ts";
import type { Leg } from "#sip/leg.ts";
import type { SipHeaders } from "#sip/message.ts";
import type { UserAgentOptions } from "#sip/user-agent.ts";
import { pass } from "../support/clock.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { fromBob } from "../support/early.ts";
import { FakeNet } from "../support/fake-stack.ts";

const times = { session: { expiresS: 90 } };
const timely = { allow: "INVITE, ACK, BYE, UPDATE", supported: "timer" };
const simple = { allow: "INVITE, ACK, BYE", supported: "timer" };

/** alice is in a call with bob, whose phone answered with these headers. */
async function inCall(headers: Record<string, string>, options: Partial<UserAgentOptions> = times) {
  const net = new FakeNet();
  const ended: string[] = [];
  const alice = await net.agent("alice", options);
  const bob = net.scripted("bob");
  const call = alice.invite("sip:bob@bob", {
    offer: offerAt(4000),
    handlers: { onEnded: (reason) => ended.push(reason), onOffer: (offer) => answerAt(4000, offer) },
  });
  await settled();
  bob.respond(0, 200, { contact: "sip:desk@bob:5060", sdp: answerAt(5000, offerAt(4000)), headers });
  const { leg } = await call;
  await settled();
  net.ladder.clear();
  return { net, alice, bob, leg, ended };
}

/** anna's simple phone calls bob, who accepts at once. */
async function called(headers: Partial<SipHeaders>, options: Partial<UserAgentOptions> = times) {
  const net = new FakeNet();
  const annas = net.scripted("anna");
  const anna = { uri: "sip:anna@anna:5060", params: {} };
  const ended: string[] = [];
  const legs: Leg[] = [];
  await net.agent("bob", {
    ...options,
    onInvite: (call) => {
      const handlers = { onEnded: (reason: string) => ended.push(reason) };
      legs.push(call.accept(answerAt(5000, call.offer ?? ""), { handlers }));
    },
  });
  const body = { type: "application/sdp", content: offerAt(4000) };
  const invite = firstRequest("INVITE", "sip:bob@bob", anna, {
    headers: { contact: [anna], ...headers },
    body,
  });
  annas.send(invite);
  await settled();
  const [answer] = annas.responses;
  assert.ok(answer);
  const ack = { ...invite.headers, to: answer.headers.to, cseq: { seq: 1, method: "ACK" } };
  if (answer.status === 200)
    annas.stack.sendStateless({ ...invite, method: "ACK", headers: ack, content: "" });
  await settled();
  return { net, annas, answer, ended, legs };
}

describe("a session timer", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("is asked for in every call, half an hour", async () => {
    const { bob } = await inCall({}, {});

    assert.equal(bob.requests[0]?.headers["session-expires"], "1800");
    assert.match(String(bob.requests[0]?.headers["supported"]), /\btimer\b/);
  });

  test("is not asked for by a user agent that wants none", async () => {
    const { net, bob } = await inCall({}, { session: { expiresS: 0 } });

    pass(3_600_000);
    await settled();

    assert.equal(bob.requests[0]?.headers["session-expires"], undefined);
    net.ladder.reads("");
  });

  test("has alice send UPDATE at half time, again and again, each without a description", async () => {
    const granted = { ...timely, "session-expires": "90;refresher=uac", require: "timer" };
    const { net, bob, ended } = await inCall(granted);

    for (let at = 1; at <= 3; at++) {
      pass(45_000);
      await settled();
      assert.equal(bob.requests[at]?.headers["session-expires"], "90;refresher=uac");
      bob.respond(at, 200, { headers: granted });
      await settled();
    }

    assert.deepEqual(net.ladder.steps("alice -> bob"), Array(3).fill("alice -> bob: UPDATE"));
    assert.deepEqual(ended, []);
  });

  test("has alice send a re-INVITE, its version unchanged, to a phone without UPDATE", async () => {
    const { bob, leg } = await inCall({ ...simple, "session-expires": "90;refresher=uac" });
    const before = leg.localDescription;

    pass(45_000);
    await settled();
    bob.respond(1, 200, { sdp: answerAt(5000, offerAt(4000)), headers: simple });
    await settled();

    assert.equal(bob.requests[1]?.method, "INVITE");
    assert.equal(bob.requests[1]?.content, before);
    assert.equal(bob.acks.length, 2);
  });

  test("falls back to re-INVITE when the phone takes no UPDATE after all", async () => {
    const { bob } = await inCall({ ...timely, "session-expires": "90;refresher=uac" });

    pass(45_000);
    await settled();
    bob.respond(1, 405);
    await settled();

    assert.deepEqual(
      bob.requests.slice(1).map(({ method }) => method),
      ["UPDATE", "INVITE"],
    );
  });

  test("ends the call of a phone that no longer answers, with a reason", async () => {
    const { bob, ended, alice } = await inCall({ ...timely, "session-expires": "90;refresher=uac" });

    pass(60_000);
    await settled();

    assert.deepEqual(ended, ["Session expired"]);
    assert.equal(bob.requests.at(-1)?.method, "BYE");
    assert.equal(bob.requests.at(-1)?.headers["reason"], 'SIP;cause=408;text="Session expired"');
    assert.deepEqual([...alice.legs()], []);
  });

  test("ends the call when bob was to refresh and did not, 30 s before the time is over", async () => {
    const { ended, net } = await inCall({ ...timely, "session-expires": "90;refresher=uas" });

    pass(59_900);
    await settled();
    assert.deepEqual(ended, []);
    pass(100);
    await settled();

    assert.deepEqual(ended, ["Session expired"]);
    assert.equal(net.ladder.steps("BYE").length, 1);
  });

  test("goes on while bob refreshes, whichever way he does", async () => {
    const { bob, ended } = await inCall({ ...timely, "session-expires": "90;refresher=uas" });

    for (let seq = 1; seq <= 4; seq++) {
      pass(45_000);
      const update = fromBob(bob.requests[0], "UPDATE", seq);
      const headers = { ...update.headers, supported: "timer", "session-expires": "90;refresher=uac" };
      bob.send({ ...update, headers });
      await settled();
    }

    assert.deepEqual(ended, []);
    assert.deepEqual(
      bob.responses.map(({ headers }) => [headers["session-expires"], headers["require"]]),
      Array(4).fill(["90;refresher=uac", "timer"]),
    );
  });

  test("is alice's own business when bob's phone knows none: it asks and is content with any answer", async () => {
    const { bob, ended, net } = await inCall({ allow: "INVITE, ACK, BYE, UPDATE" });

    pass(45_000);
    await settled();
    bob.respond(1, 488);
    await settled();
    pass(45_000);
    await settled();

    assert.equal(net.ladder.steps("alice -> bob: UPDATE").length, 2);
    assert.deepEqual(ended, []);
  });

  test("is off when bob's phone knows it and wants none", async () => {
    const { net } = await inCall(timely);

    pass(3_600_000);
    await settled();

    net.ladder.reads("");
  });

  test("asked for too short is asked for again as bob's phone says", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice", times);
    const bob = net.scripted("bob");
    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000) });
    await settled();

    bob.respond(0, 422, { headers: { "min-se": "300" } });
    await settled();
    bob.respond(1, 200, { contact: "sip:desk@bob:5060", sdp: answerAt(5000, offerAt(4000)) });
    const { leg } = await call;
    void leg.bye();
    await settled();

    const [first, second, bye] = bob.requests;
    assert.deepEqual([second?.headers["session-expires"], second?.headers["min-se"]], ["300", "300"]);
    assert.equal(second?.headers["call-id"], first?.headers["call-id"]);
    assert.deepEqual([second?.headers.cseq.seq, bye?.headers.cseq.seq], [2, 3]);
  });

  test("too short for bob is refused with 422 and what he takes", async () => {
    const { answer } = await called({ supported: "timer", "session-expires": "30" });

    assert.deepEqual([answer.status, answer.headers["min-se"]], [422, "90"]);
  });

  test("is kept by bob unless the caller names itself", async () => {
    const bobs = await called({ ...timely, "session-expires": "90" });
    const annas = await called({ ...timely, "session-expires": "90;refresher=uac" });

    assert.equal(bobs.answer.headers["session-expires"], "90;refresher=uas");
    assert.equal(bobs.answer.headers["require"], undefined);
    assert.equal(annas.answer.headers["session-expires"], "90;refresher=uac");
    assert.equal(annas.answer.headers["require"], "timer");
    pass(45_000);
    await settled();
    assert.equal(bobs.annas.requests[0]?.method, "UPDATE");
    assert.equal(annas.annas.requests.length, 0);
  });

  test("of bob finds out that a simple phone is gone, though it knows no timers", async () => {
    const { net, answer, ended } = await called({ allow: "INVITE, ACK, BYE" });

    net.lose = (_message, from) => from === "bob";
    pass(90_000);
    await settled();

    assert.equal(answer.headers["session-expires"], undefined);
    assert.ok(ended[0] === "408" || ended[0] === "Session expired", ended[0]);
  });

  test("is over when the call is", async () => {
    const { net, leg, bob } = await inCall({ ...timely, "session-expires": "90;refresher=uac" });

    const bye = leg.bye();
    await settled();
    bob.respond(1, 200);
    await bye;
    net.ladder.clear();
    pass(200_000);
    await settled();

    net.ladder.reads("");
  });
});
