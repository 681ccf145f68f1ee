import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { withDirection } from "#sdp/hold.ts";
import { readAudio } from "#sdp/session.ts";
import type { Leg, LegHandlers } from "#sip/leg.ts";
import type { SipRequest } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import type { UserAgentOptions } from "#sip/user-agent.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

const answering: LegHandlers = { onOffer: (offer) => answerAt(5000, offer) };

/** alice in a call with bob, whose leg has these handlers; the ladder starts when they talk. */
async function inCall(
  bobs: LegHandlers,
  alices: LegHandlers = {},
  bobsOptions: Partial<UserAgentOptions> = {},
) {
  const net = new FakeNet();
  const alice = await net.agent("alice");
  const legs: Leg[] = [];
  const bob = await net.agent("bob", {
    ...bobsOptions,
    onInvite: (invite) => legs.push(invite.accept(answerAt(5000, invite.offer ?? ""), { handlers: bobs })),
  });
  const { leg } = await alice.invite("sip:bob@bob", { offer: offerAt(4000), handlers: alices });
  await settled();
  net.ladder.clear();
  const [bobsLeg] = legs;
  assert.ok(bobsLeg);
  return { net, alice, bob, leg, bobsLeg };
}

const version = (sdp: string): number => Number(/^o=- \d+ (\d+) /m.exec(sdp)?.[1]);
const sessionId = (sdp: string) => /^o=- (\d+) /m.exec(sdp)?.[1];

describe("a re-INVITE", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("mutes alice at bob's, each description one version on", async () => {
    const { net, leg, bobsLeg } = await inCall(answering);
    const before = leg.localDescription;

    const answer = await leg.offer(withDirection(offerAt(4000), "recvonly"));

    assert.equal(readAudio(answer)?.direction, "sendonly");
    assert.equal(readAudio(bobsLeg.description)?.direction, "recvonly");
    assert.equal(version(leg.localDescription), version(before) + 1);
    assert.equal(sessionId(leg.localDescription), sessionId(before));
    net.ladder.reads(`
      alice -> bob:   INVITE sdp
      bob   -> alice: 200 sdp
      alice -> bob:   ACK
    `);
  });

  test("that says nothing new is answered with the last answer, its version unchanged", async () => {
    const { leg, bobsLeg } = await inCall({});
    const before = bobsLeg.localDescription;

    await leg.offer(offerAt(4000));

    assert.equal(bobsLeg.localDescription, before);
  });

  test("with new media is refused by a leg whose owner takes no offers, and the old session stands", async () => {
    const { leg, bobsLeg } = await inCall({});
    const { description, localDescription } = leg;

    await assert.rejects(leg.offer(offerAt(4400)), { status: 488 });

    assert.deepEqual([leg.description, leg.localDescription], [description, localDescription]);
    assert.equal(readAudio(bobsLeg.description)?.port, 4000);
    assert.equal(leg.state, "confirmed");
  });

  test("is refused with the status its owner throws", async () => {
    const { leg } = await inCall({ onOffer: () => Promise.reject(new SipError(603, "Decline")) });

    await assert.rejects(leg.offer(offerAt(4400)), { name: "SipError", status: 603 });
  });

  test("over which bob's owner stumbles is refused with 500, and the call goes on", async () => {
    const errors: unknown[] = [];
    const onError = ({ cause }: Error) => errors.push(cause);
    const { leg } = await inCall(
      { onOffer: () => Promise.reject(new TypeError("not foreseen")) },
      {},
      { onError },
    );

    await assert.rejects(leg.offer(offerAt(4400)), { status: 500 });

    assert.equal(leg.state, "confirmed");
    assert.deepEqual(errors, [new TypeError("not foreseen")]);
  });

  test("from both ends at once fails at both, then each gets its turn", async () => {
    const { net, leg, bobsLeg } = await inCall(answering, { onOffer: (offer) => answerAt(4000, offer) });

    const both = Promise.all([leg.offer(offerAt(4002)), bobsLeg.offer(offerAt(5002))]);
    await settled();
    net.ladder.reads(`
      alice -> bob:   INVITE sdp
      bob   -> alice: INVITE sdp
      bob   -> alice: 491
      alice -> bob:   491
    `);
    net.ladder.clear();
    // The owner of the Call-ID waits 2.1 to 4 s, the other end 0 to 2 s (§14.1).
    mock.timers.tick(2000);
    await settled();
    mock.timers.tick(2000);
    await both;

    net.ladder.reads(`
      bob   -> alice: INVITE sdp
      alice -> bob:   200 sdp
      bob   -> alice: ACK
      alice -> bob:   INVITE sdp
      bob   -> alice: 200 sdp
      alice -> bob:   ACK
    `);
  });

  test("that fails a second time by glare is given up", async () => {
    const { net, leg } = await inCall({
      onOffer: () => Promise.reject(new SipError(491, "Request Pending")),
    });

    const offered = leg.offer(offerAt(4002));
    offered.catch(() => undefined);
    await settled();
    mock.timers.tick(4000);
    await settled();

    await assert.rejects(offered, { status: 491 });
    assert.equal(net.ladder.steps("INVITE").length, 2);
  });

  test("waits for the one before it", async () => {
    const { net, leg } = await inCall(answering);

    await Promise.all([leg.offer(offerAt(4002)), leg.offer(offerAt(4004))]);

    assert.equal(readAudio(leg.localDescription)?.port, 4004);
    net.ladder.reads(`
      alice -> bob:   INVITE sdp
      bob   -> alice: 200 sdp
      alice -> bob:   ACK
      alice -> bob:   INVITE sdp
      bob   -> alice: 200 sdp
      alice -> bob:   ACK
    `);
  });

  test("that finds no call any more ends the leg without a BYE", async () => {
    const ended: string[] = [];
    const onEnded = (reason: string, lost: boolean) => ended.push(lost ? `lost: ${reason}` : reason);
    const { net, leg, bobsLeg } = await inCall({}, { onEnded });
    net.lose = (message) => "method" in message && message.method === "BYE";
    void bobsLeg.bye();
    await settled();
    net.ladder.clear();

    await assert.rejects(leg.offer(offerAt(4002)), { status: 481 });

    assert.deepEqual(ended, ["lost: 481"]);
    assert.equal(leg.state, "ended");
    net.ladder.reads(`
      alice -> bob:   INVITE sdp
      bob   -> alice: 481
    `);
  });

  test("that nobody answers ends the leg with a BYE", async () => {
    const { net, leg } = await inCall(answering);
    net.lose = (message) => "method" in message && message.method === "INVITE";

    const offered = leg.offer(offerAt(4002));
    offered.catch(() => undefined);
    await settled();
    mock.timers.tick(32_000);

    await assert.rejects(offered, { status: 408 });
    assert.deepEqual(net.ladder.steps("BYE"), ["alice -> bob: BYE"]);
  });

  test("is over at once when the call is hung up during its back-off", async () => {
    const { leg } = await inCall({ onOffer: () => Promise.reject(new SipError(491, "Request Pending")) });

    const offered = leg.offer(offerAt(4002));
    offered.catch(() => undefined);
    await settled();
    await leg.bye();

    await assert.rejects(offered, { status: 481 });
  });

  test("without an offer is answered with ours, and the answer comes in the ACK", async () => {
    const answers: string[] = [];
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const bob = net.scripted("bob");
    const call = alice.invite("sip:bob@bob", {
      offer: offerAt(4000),
      handlers: { onAnswer: (sdp) => answers.push(sdp) },
    });
    await settled();
    bob.respond(0, 200, { contact: "sip:bob@bob", sdp: offerAt(5000) });
    const { leg } = await call;

    const request = fromBob(bob.requests[0], "INVITE", 1);
    bob.send(request);
    await settled();
    assert.equal(bob.responses[0]?.content, leg.localDescription);
    bob.stack.sendStateless({
      ...fromBob(bob.requests[0], "ACK", 1),
      headers: { ...fromBob(bob.requests[0], "ACK", 1).headers, "content-type": "application/sdp" },
      content: offerAt(5002),
    });
    await settled();

    assert.equal(readAudio(leg.description)?.port, 5002);
    assert.equal(answers.length, 1);
  });

  test("out of order is refused with 500", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const bob = net.scripted("bob");
    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000) });
    await settled();
    bob.respond(0, 200, { contact: "sip:bob@bob", sdp: offerAt(5000) });
    await call;

    bob.send(fromBob(bob.requests[0], "OPTIONS", 8));
    bob.send(fromBob(bob.requests[0], "OPTIONS", 7));
    await settled();

    assert.deepEqual(
      bob.responses.map(({ status }) => status),
      [200, 500],
    );
  });

  test("is refused while the one before it waits for its owner, and 487 when cancelled", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const bob = net.scripted("bob");
    const never = new Promise<string>(() => undefined);
    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000), handlers: { onOffer: () => never } });
    await settled();
    bob.respond(0, 200, { contact: "sip:bob@bob", sdp: offerAt(5000) });
    await call;

    const offer = { ...fromBob(bob.requests[0], "INVITE", 1), content: offerAt(5002) };
    const headers = { ...offer.headers, "content-type": "application/sdp" };
    bob.send({ ...offer, headers });
    bob.send({ ...offer, headers: { ...headers, cseq: { seq: 2, method: "INVITE" } } });
    await settled();

    assert.deepEqual(
      bob.responses.map(({ status }) => status),
      [500],
    );
    assert.match(String(bob.responses[0]?.headers["retry-after"]), /^(\d|10)$/);
  });
});

/** A request of bob in the dialog that alice's INVITE opened. */
function fromBob(invite: SipRequest | undefined, method: string, seq: number): SipRequest {
  assert.ok(invite);
  const { from, to, "call-id": callId, contact } = invite.headers;
  const target = contact === "*" ? undefined : contact?.[0]?.uri;
  const bobsFrom = { ...to, params: { tag: "scripted" } };
  const headers = { via: [], from: bobsFrom, to: from, "call-id": callId, cseq: { seq, method } };
  return { method, uri: target ?? "", headers, content: "" };
}
