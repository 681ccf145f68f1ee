import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import type { LegHandlers } from "#sip/leg.ts";
import type { SipRequest } from "#sip/message.ts";
import { reportReferral } from "#sip/refer.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

/** alice in a call with bob; bob's leg answers requests by `onRequest`. */
async function inCall(onRequest: NonNullable<LegHandlers["onRequest"]>) {
  const net = new FakeNet();
  const alice = await net.agent("alice");
  const bob = await net.agent("bob", {
    onInvite: (invite) => void invite.accept(answerAt(5000, invite.offer ?? ""), { handlers: { onRequest } }),
  });
  const { leg } = await alice.invite("sip:bob@bob", { offer: offerAt(4000) });
  await settled();
  net.ladder.clear();
  return { net, leg, bob };
}

describe("REFER", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("sends bob to the dramas and tells alice how it went", async () => {
    const refers: SipRequest[] = [];
    const { net, leg, bob } = await inCall((request) => {
      refers.push(request);
      return { status: 202 };
    });

    const outcome = leg.refer("sip:dramas@dramas");
    await settled();
    const [bobsLeg] = bob.legs();
    const [refer] = refers;
    assert.ok(bobsLeg && refer);
    await reportReferral(bobsLeg, refer, 100, "Trying");
    await reportReferral(bobsLeg, refer, 200, "OK");

    assert.equal(await outcome, 200);
    assert.equal(refer.headers["refer-to"], "<sip:dramas@dramas>");
    net.ladder.reads(`
      alice -> bob:   REFER
      bob   -> alice: 202
      bob   -> alice: NOTIFY SIP/2.0 100 Trying
      alice -> bob:   200
      bob   -> alice: NOTIFY terminated;reason=noresource SIP/2.0 200 OK
      alice -> bob:   200
    `);
  });

  test("says that the dramas were busy", async () => {
    const { leg, bob } = await inCall((request) => {
      const [bobsLeg] = bob.legs();
      if (bobsLeg) void reportReferral(bobsLeg, request, 486, "Busy Here");
      return { status: 202 };
    });

    assert.equal(await leg.refer("sip:dramas@dramas", { method: "INVITE" }), 486);
  });

  test("that bob declines is thrown with his status", async () => {
    const { leg } = await inCall(() => ({ status: 603 }));

    await assert.rejects(leg.refer("sip:dramas@dramas"), { name: "SipError", status: 603 });
  });

  test("is done at the 202 when bob agrees not to report", async () => {
    const { leg } = await inCall(() => ({ status: 202, headers: { "refer-sub": "false" } }));

    assert.equal(await leg.refer("sip:dramas@dramas", { headers: { "Refer-Sub": "false" } }), 202);
  });

  test("is given up when bob never reports", async () => {
    const { leg } = await inCall(() => ({ status: 202 }));

    const outcome = leg.refer("sip:dramas@dramas");
    await settled();
    mock.timers.tick(64_000);

    await assert.rejects(outcome, { status: 408 });
  });

  test("is given up when the call ends first", async () => {
    const { leg } = await inCall(() => ({ status: 202 }));

    const outcome = leg.refer("sip:dramas@dramas");
    outcome.catch(() => undefined);
    await settled();
    await leg.bye();

    await assert.rejects(outcome, { status: 481 });
  });

  test("has no report that nobody asked for", async () => {
    const { leg, bob } = await inCall(() => ({ status: 200 }));
    const [bobsLeg] = bob.legs();
    assert.ok(bobsLeg);

    const headers = { event: "refer;id=9", "subscription-state": "active" };
    const { status } = await bobsLeg.request(
      "NOTIFY",
      { type: "message/sipfrag", content: "SIP/2.0 200 OK" },
      headers,
    );

    assert.equal(status, 481);
    assert.equal(leg.state, "confirmed");
  });
});
