import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { firstRequest } from "#sip/dialog.ts";
import type { IncomingRefer, Referee } from "#sip/incoming-refer.ts";
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

  test("is all that can still be talked about when the call is over", async () => {
    const net = new FakeNet();
    const annas = net.scripted("anna");
    const anna = { uri: "sip:anna@anna:5060", params: {} };
    const asked: string[] = [];
    const onRequest = ({ method }: { method: string }) => {
      asked.push(method);
      return { status: 200 };
    };
    await net.agent("bob", {
      onInvite: (invite) =>
        void invite.accept(answerAt(5000, invite.offer ?? ""), { handlers: { onRequest } }),
      onRefer: (refer) => void refer.accept(),
    });
    const body = { type: "application/sdp", content: offerAt(4000) };
    const invite = firstRequest("INVITE", "sip:bob@bob", anna, { headers: { contact: [anna] }, body });
    annas.send(invite);
    await settled();
    const to = annas.responses.at(-1)?.headers.to ?? invite.headers.to;
    const ask = async (method: string, seq: number) => {
      const headers = { ...invite.headers, to, cseq: { seq, method }, "refer-to": "<sip:dramas@dramas>" };
      annas.send({ ...invite, method, headers });
      await settled();
      return annas.responses.at(-1)?.status;
    };

    annas.send({ ...invite, method: "ACK", headers: { ...invite.headers, to } });
    const during = [await ask("REFER", 2), await ask("BYE", 3)];
    const after = [await ask("INVITE", 4), await ask("UPDATE", 5), await ask("INFO", 6)];

    assert.deepEqual(during, [202, 200]);
    assert.deepEqual(after, [481, 481, 481]);
    assert.deepEqual(asked, []);
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
