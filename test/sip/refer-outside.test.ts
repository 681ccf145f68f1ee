import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { firstRequest } from "#sip/dialog.ts";
import type { SipRequest } from "#sip/message.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

/** A NOTIFY of bob's, who answers by hand, in the dialog of a REFER of alice's. */
function report(refer: SipRequest | undefined, seq: number, state: string, status: string): SipRequest {
  assert.ok(refer);
  const { from, to, "call-id": callId, contact } = refer.headers;
  return {
    method: "NOTIFY",
    uri: contact === "*" ? "" : (contact?.[0]?.uri ?? ""),
    headers: {
      via: [],
      from: { ...to, params: { tag: "scripted" } },
      to: from,
      "call-id": callId,
      cseq: { seq, method: "NOTIFY" },
      contact: [{ uri: "sip:bob@bob", params: {} }],
      event: `refer;id=${refer.headers.cseq.seq}`,
      "subscription-state": state,
      "content-type": "message/sipfrag;version=2.0",
    },
    content: `SIP/2.0 ${status}\r\n`,
  };
}

describe("REFER outside a call", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("makes a dialog of its own for the reports", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob", {
      onRefer: (refer) => {
        assert.equal(refer.leg, undefined);
        const referee = refer.accept();
        setImmediate(() => void referee.progress(200));
      },
    });

    assert.equal(await alice.refer("sip:bob@bob", "sip:dramas@dramas"), 200);
    net.ladder.reads(`
      alice -> bob:   REFER
      bob   -> alice: 202
      bob   -> alice: NOTIFY SIP/2.0 100 Trying
      alice -> bob:   200
      bob   -> alice: NOTIFY terminated;reason=noresource SIP/2.0 200 OK
      alice -> bob:   200
    `);
  });

  test("is reported on by a NOTIFY that overtakes the 202, and by no other fork", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const bob = net.scripted("bob");

    const outcome = alice.refer("sip:bob@bob", "sip:dramas@dramas");
    await settled();
    const [refer] = bob.requests;
    const stranger = report(refer, 2, "active;expires=60", "200 OK");
    bob.send(report(refer, 1, "active;expires=60", "100 Trying"));
    await settled();
    bob.send({
      ...stranger,
      headers: { ...stranger.headers, from: { uri: "sip:b@b", params: { tag: "fork" } } },
    });
    bob.respond(0, 202, { contact: "sip:bob@bob" });
    bob.send(report(refer, 3, "terminated;reason=noresource", "503 Service Unavailable"));
    await settled();

    assert.equal(await outcome, 503);
    assert.deepEqual(
      bob.responses.map(({ status }) => status),
      [200, 481, 200],
    );
  });

  test("names the call that carol has with the focus, which knows her by it and mallory not", async () => {
    const legs: unknown[] = [];
    const net = new FakeNet();
    const focus = await net.agent("focus", {
      onInvite: (invite) => void invite.accept(answerAt(5000, invite.offer ?? "")),
      onRefer: (refer) => {
        legs.push(refer.leg);
        refer.reject(refer.leg ? 603 : 403);
      },
    });
    const carol = await net.agent("carol");
    const mallory = await net.agent("mallory");
    const call = await carol.invite("sip:films@focus", { offer: offerAt(4000) });
    await settled();
    const { uri } = call.leg.remoteContact;
    assert.ok(uri.startsWith("sip:"));

    await assert.rejects(carol.refer(`sip:${uri.slice(4)}`, "sip:dave@dave"), { status: 603 });
    await assert.rejects(mallory.refer("sip:films@focus", "sip:dave@dave"), { status: 403 });

    assert.deepEqual(legs, [[...focus.legs()][0], undefined]);
  });

  test("is put off when bob has all the reports to write that he can", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob", { subscriptions: { most: 1 }, onRefer: (refer) => void refer.accept() });

    alice.refer("sip:bob@bob", "sip:dramas@dramas").catch(() => undefined);
    await settled();
    const second = alice.refer("sip:bob@bob", "sip:films@films");

    await assert.rejects(second, { status: 503 });
  });

  test("is refused to everybody where nobody decides", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob");

    await assert.rejects(alice.refer("sip:bob@bob", "sip:dramas@dramas"), { status: 405 });
  });

  const refused: [title: string, referTo: string | undefined][] = [
    ["no Refer-To", undefined],
    ["two of them", "<sip:a@b>, <sip:c@d>"],
    ["a telephone number", "<tel:+4930123456>"],
    ["a web page", "<https://dramas.example>"],
    ["a header that would speak for bob", "<sip:a@b?From=sip%3Abob%40bob>"],
    ["a header that breaks the line", "<sip:a@b?Subject=a%0D%0ARoute%3A%20x>"],
    ["a body", "<sip:a@b?body=v%3D0>"],
    ["a header named twice", "<sip:a@b?Subject=a&subject=b>"],
    ["a Replaces that names no dialog", "<sip:a@b?Replaces=call>"],
    ["escapes that are none", "<sip:a@b?Subject=%FF>"],
    ["a method that is no token", "<sip:a@b;method=a/b>"],
  ];
  for (const [title, referTo] of refused) {
    test(`with ${title} gets 400`, async () => {
      const net = new FakeNet();
      const annas = net.scripted("anna");
      await net.agent("bob", { onRefer: () => assert.fail("reached the owner") });
      const anna = { uri: "sip:anna@anna:5060", params: {} };

      const headers = { contact: [anna], ...(referTo !== undefined && { "refer-to": referTo }) };
      annas.send(firstRequest("REFER", "sip:bob@bob", anna, { headers }));
      await settled();

      assert.equal(annas.responses[0]?.status, 400);
    });
  }
});
