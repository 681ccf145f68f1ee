import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import type { SipRequest } from "#sip/message.ts";
import { pass } from "../support/clock.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { fromBob, withSdp } from "../support/early.ts";
import { FakeNet, type Scripted } from "../support/fake-stack.ts";

const NEW = { contact: "sip:desk@bob:5060" };

/** The focus of films has called bob, whose phone takes these methods. */
async function inCall(allow = "INVITE, ACK, BYE, UPDATE") {
  const net = new FakeNet();
  const ended: string[] = [];
  const focus = await net.agent("focus");
  const bob = net.scripted("bob");
  const call = focus.invite("sip:bob@bob", {
    offer: offerAt(4000),
    contactUser: "films",
    contactParams: { isfocus: null },
    handlers: { onEnded: (reason) => ended.push(reason), onOffer: (offer) => answerAt(4000, offer) },
  });
  await settled();
  bob.respond(0, 200, { ...NEW, sdp: answerAt(5000, offerAt(4000)), headers: { allow } });
  const { leg } = await call;
  await settled();
  net.ladder.clear();
  return { net, bob, leg, ended };
}

function contactOf(request: SipRequest | undefined): string | undefined {
  const { contact } = request?.headers ?? {};
  const first = contact === "*" ? undefined : contact?.[0];
  return first && `${first.uri}${"isfocus" in first.params ? " isfocus" : ""}`;
}

const asked = ({ requests }: Scripted) => requests.slice(1).map(({ method }) => method);

describe("A focus that takes bob to another conference", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("tells his phone by UPDATE, without a description", async () => {
    const { net, bob, leg, ended } = await inCall();
    leg.refresh("dramas");
    await settled();
    bob.respond(1, 200, NEW);
    await settled();

    net.ladder.reads(`
      focus -> bob:   UPDATE
      bob   -> focus: 200
    `);
    assert.equal(contactOf(bob.requests[1]), "sip:dramas@focus:5060 isfocus");
    assert.equal(leg.localContact, "sip:dramas@focus:5060");
    assert.deepEqual(ended, []);
  });

  test("tells a phone without UPDATE by a re-INVITE with the description it knows", async () => {
    const { bob, leg } = await inCall("INVITE, ACK, BYE");
    const before = leg.localDescription;
    leg.refresh("dramas");
    await settled();
    bob.respond(1, 200, { ...NEW, sdp: answerAt(5000, offerAt(4000)) });
    await settled();

    assert.deepEqual(asked(bob), ["INVITE"]);
    assert.equal(bob.requests[1]?.content, before);
    assert.equal(contactOf(bob.requests[1]), "sip:dramas@focus:5060 isfocus");
    assert.equal(bob.acks.length, 2);
  });

  test("tells a phone that refuses UPDATE after all by a re-INVITE", async () => {
    const { bob, leg } = await inCall();
    leg.refresh("dramas");
    await settled();
    bob.respond(1, 501);
    await settled();

    assert.deepEqual(asked(bob), ["UPDATE", "INVITE"]);
    assert.equal(contactOf(bob.requests[2]), "sip:dramas@focus:5060 isfocus");
  });

  test("takes him on twice before he has answered: he hears once more, and where he is in the end", async () => {
    const { bob, leg } = await inCall();
    leg.refresh("dramas");
    await settled();
    leg.refresh("operas");
    leg.refresh("musicals");
    await settled();
    assert.equal(bob.requests.length, 2);
    bob.respond(1, 200, NEW);
    await settled();
    bob.respond(2, 200, NEW);
    await settled();

    assert.deepEqual(asked(bob), ["UPDATE", "UPDATE"]);
    assert.equal(contactOf(bob.requests[2]), "sip:musicals@focus:5060 isfocus");
  });

  test("says it again after a glare, until it is heard, and meanwhile answers his hold", async () => {
    const { bob, leg, ended } = await inCall();
    leg.refresh("dramas");
    await settled();
    bob.respond(1, 491);
    await settled();
    const hold = offerAt(5000).replace("a=sendrecv", "a=sendonly");
    bob.send(withSdp(fromBob(bob.requests[0], "INVITE", 1), hold));
    await settled();
    bob.stack.sendStateless(fromBob(bob.requests[0], "ACK", 1));
    await settled();
    pass(4_000);
    await settled();
    bob.respond(2, 200, NEW);
    await settled();

    assert.deepEqual(
      bob.responses.map(({ status }) => status),
      [200],
    );
    assert.deepEqual(asked(bob), ["UPDATE", "UPDATE"]);
    assert.deepEqual(ended, []);
  });

  test("waits with it until an offer of its own is answered", async () => {
    const { bob, leg } = await inCall();
    const offered = leg.offer(offerAt(4002));
    leg.refresh("dramas");
    await settled();
    assert.deepEqual(asked(bob), ["INVITE"]);
    bob.respond(1, 200, { ...NEW, sdp: answerAt(5000, offerAt(4002)) });
    await offered;
    await settled();

    assert.deepEqual(asked(bob), ["INVITE", "UPDATE"]);
  });

  test("lets him stay where he is called when his phone will not hear of it", async () => {
    const { bob, leg, ended } = await inCall();
    leg.refresh("dramas");
    await settled();
    bob.respond(1, 403);
    pass(10_000);
    await settled();

    assert.deepEqual(asked(bob), ["UPDATE"]);
    assert.equal(leg.state, "confirmed");
    assert.deepEqual(ended, []);
  });

  test("learns from 481 or from silence that he is gone", async () => {
    for (const status of [481, "silence"] as const) {
      const { bob, leg, ended } = await inCall();
      leg.refresh("dramas");
      await settled();
      if (status === "silence") pass(32_000);
      else bob.respond(1, status);
      await settled();

      assert.deepEqual(ended, [status === 481 ? "481" : "408"]);
      assert.equal(leg.state, "ended");
    }
  });
});
