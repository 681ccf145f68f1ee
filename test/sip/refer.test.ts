import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { firstRequest } from "#sip/dialog.ts";
import type { IncomingRefer, Referee } from "#sip/incoming-refer.ts";
import type { SipRequest } from "#sip/message.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

/** alice in a call with bob, whose leg takes REFERs by `onRefer`. */
async function inCall(onRefer?: (refer: IncomingRefer) => void) {
  const net = new FakeNet();
  const alice = await net.agent("alice");
  const bob = await net.agent("bob", {
    onInvite: (invite) =>
      void invite.accept(answerAt(5000, invite.offer ?? ""), { handlers: onRefer ? { onRefer } : {} }),
  });
  const { leg } = await alice.invite("sip:bob@bob", { offer: offerAt(4000) });
  await settled();
  const [bobsLeg] = bob.legs();
  assert.ok(bobsLeg);
  net.ladder.clear();
  return { net, alice, leg, bob, bobsLeg };
}

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

describe("REFER in a call", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("sends bob to the dramas and tells alice how it went", async () => {
    const refers: IncomingRefer[] = [];
    const seen: number[] = [];
    const { net, leg } = await inCall((refer) => refers.push(refer));

    const outcome = leg.refer("sip:dramas@dramas", { onProgress: (status) => seen.push(status) });
    await settled();
    const referee = refers[0]?.accept();
    await settled();
    await referee?.progress(180);
    await referee?.progress(200);

    assert.equal(await outcome, 200);
    assert.deepEqual(refers[0]?.referTo, { uri: "sip:dramas@dramas", method: "INVITE", headers: {} });
    assert.deepEqual(seen, [100, 180, 200]);
    assert.equal(referee?.active, false);
    net.ladder.reads(`
      alice -> bob:   REFER
      bob   -> alice: 202
      bob   -> alice: NOTIFY SIP/2.0 100 Trying
      alice -> bob:   200
      bob   -> alice: NOTIFY SIP/2.0 180 Ringing
      alice -> bob:   200
      bob   -> alice: NOTIFY terminated;reason=noresource SIP/2.0 200 OK
      alice -> bob:   200
    `);
  });

  test("says that the dramas were busy", async () => {
    const { leg } = await inCall((refer) => void refer.accept().progress(486));

    assert.equal(await leg.refer("sip:dramas@dramas", { method: "INVITE" }), 486);
  });

  test("that bob declines is thrown with his status", async () => {
    const { leg } = await inCall((refer) => refer.reject(603));

    await assert.rejects(leg.refer("sip:dramas@dramas"), { name: "SipError", status: 603 });
  });

  test("goes to nobody where no owner decides", async () => {
    const { leg } = await inCall();

    await assert.rejects(leg.refer("sip:dramas@dramas"), { status: 405 });
  });

  test("is done at the 202 when alice wants no reports, and nobody reports", async () => {
    const { net, leg } = await inCall((refer) => void refer.accept().progress(200));

    assert.equal(await leg.refer("sip:dramas@dramas", { reports: false }), 202);
    await settled();

    net.ladder.reads(`
      alice -> bob:   REFER
      bob   -> alice: 202
    `);
  });

  test("takes over alice's other call: Replaces stands escaped in Refer-To and arrives whole", async () => {
    const refers: IncomingRefer[] = [];
    const { leg } = await inCall((refer) => refers.push(refer));
    const replaces = { callId: "a%b?c[1]@alice", localTag: "ours", remoteTag: "theirs" };
    const referredBy = { name: "Alice", uri: "sip:alice@home", params: {} };

    leg
      .refer("sip:carol@carol;transport=tcp", { replaces, referredBy, targetHeaders: { Subject: "lunch?" } })
      .catch(() => undefined);
    await settled();

    const [refer] = refers;
    assert.equal(
      refer?.request.headers["refer-to"],
      "<sip:carol@carol;transport=tcp?Subject=lunch%3F" +
        "&Replaces=a%25b%3Fc%5B1%5D%40alice%3Bto-tag%3Dtheirs%3Bfrom-tag%3Dours>",
    );
    assert.deepEqual(refer?.referTo.headers, { subject: "lunch?" });
    assert.deepEqual(refer?.referTo.replaces, replaces);
    assert.equal(refer?.referTo.uri, "sip:carol@carol;transport=tcp");
    assert.deepEqual(refer?.referredBy, { name: "Alice", uri: "sip:alice@home", params: {} });
  });

  test("twice at once is told apart by the numbers of the REFERs", async () => {
    const referees: Referee[] = [];
    const { leg } = await inCall((refer) => referees.push(refer.accept()));

    const dramas = leg.refer("sip:dramas@dramas");
    const films = leg.refer("sip:films@films");
    await settled();
    await referees[1]?.progress(404);
    await referees[0]?.progress(200);

    assert.deepEqual(await Promise.all([dramas, films]), [200, 404]);
  });

  test("is given up when bob never reports", async () => {
    const { net, leg } = await inCall((refer) => void refer.accept());
    net.lose = (message) => "method" in message && message.method === "NOTIFY";

    const outcome = assert.rejects(leg.refer("sip:dramas@dramas"), { status: 408 });
    await settled();
    mock.timers.tick(64_000);

    await outcome;
  });

  test("goes on being reported when the call is over, and then leaves nothing behind", async () => {
    const referees: Referee[] = [];
    const { net, leg, bob } = await inCall((refer) => referees.push(refer.accept()));

    const outcome = leg.refer("sip:dramas@dramas");
    await settled();
    await leg.bye();
    assert.deepEqual([...bob.legs()], []);
    const late = await leg.request("SUBSCRIBE", undefined, { event: "conference", expires: "60" });
    await referees[0]?.progress(200);
    await settled();

    assert.equal(late.status, 403);
    assert.equal(await outcome, 200);
    net.ladder.clear();
    const stray = { method: "SUBSCRIBE", headers: { event: "refer;id=2", expires: "60" } };
    assert.equal((await leg.request(stray.method, undefined, stray.headers)).status, 481);
  });

  test("is waited for no longer when alice thinks better of it", async () => {
    const referees: Referee[] = [];
    const { net, leg } = await inCall((refer) => referees.push(refer.accept()));
    const patience = new AbortController();

    const outcome = leg.refer("sip:dramas@dramas", { signal: patience.signal });
    await settled();
    patience.abort();
    await referees[0]?.progress(180);

    await assert.rejects(outcome, { status: 487 });
    assert.equal(referees[0]?.active, false);
    assert.equal(leg.state, "confirmed");
    assert.deepEqual(net.ladder.steps("481"), ["alice -> bob: 481"]);
  });

  test("is reported again to whoever refreshes, and no more to whoever unsubscribes", async () => {
    const referees: Referee[] = [];
    const ended: string[] = [];
    const { net, leg } = await inCall((refer) => {
      referees.push(refer.accept({ onEnded: (reason) => ended.push(reason) }));
    });
    leg.refer("sip:dramas@dramas").catch(() => undefined);
    await settled();
    net.ladder.clear();

    const refreshed = await leg.request("SUBSCRIBE", undefined, { event: "refer", expires: "300" });
    await settled();
    const other = await leg.request("SUBSCRIBE", undefined, { event: "refer;id=77", expires: "300" });
    const left = await leg.request("SUBSCRIBE", undefined, { event: "refer", expires: "0" });
    await settled();

    assert.deepEqual([refreshed.status, other.status, left.status], [200, 481, 200]);
    assert.deepEqual(ended, ["unsubscribed"]);
    assert.equal(net.ladder.steps("NOTIFY SIP/2.0 100 Trying").length, 1);
    assert.equal(net.ladder.steps("NOTIFY terminated;reason=timeout").length, 1);
  });

  test("is no longer reported when the promised time is over", async () => {
    const { net, leg } = await inCall((refer) => void refer.accept({ expiresS: 30 }));

    const outcome = assert.rejects(leg.refer("sip:dramas@dramas"), { status: 408 });
    await settled();
    mock.timers.tick(30_000);
    await settled();

    await outcome;
    assert.equal(net.ladder.steps("NOTIFY terminated;reason=timeout").length, 1);
  });

  test("has no report that nobody asked for", async () => {
    const { leg, bobsLeg } = await inCall();

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
