import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { IncomingInvite } from "#sip/leg.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

const pickUp = (invite: IncomingInvite) => invite.accept(answerAt(5000, invite.offer ?? ""));

const ofBob = { contact: "sip:desk@bob:5060", sdp: offerAt(5000) };

describe("INVITE", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("connects alice to bob, and her BYE ends it at both ends", async () => {
    const net = new FakeNet();
    const ended: string[] = [];
    const alice = await net.agent("alice");
    await net.agent("bob", {
      onInvite: (invite) => {
        invite.ring();
        pickUp(invite).handlers = { onEnded: (reason) => ended.push(reason) };
      },
    });
    const heard: number[] = [];

    const { leg, answer } = await alice.invite("sip:bob@bob", {
      offer: offerAt(4000),
      onProgress: (status) => heard.push(status),
    });
    await leg.bye();

    assert.deepEqual(heard, [180]);
    assert.equal(readAudio(answer)?.port, 5000);
    assert.deepEqual(ended, ["BYE"]);
    assert.equal(leg.state, "ended");
    assert.deepEqual([...alice.legs()], []);
    net.ladder.reads(`
      alice -> bob:   INVITE sdp
      bob   -> alice: 180
      bob   -> alice: 200 sdp
      alice -> bob:   ACK
      alice -> bob:   BYE
      bob   -> alice: 200
    `);
  });

  test("hangs up once, however often it is told to", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob", { onInvite: pickUp });
    const { leg } = await alice.invite("sip:bob@bob", { offer: offerAt(4000) });

    await Promise.all([leg.bye(), leg.bye("again")]);

    assert.equal(net.ladder.steps("BYE").length, 1);
  });

  test("tells alice with which status bob refused", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob", { onInvite: (invite) => invite.reject(486) });

    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000) });

    await assert.rejects(call, { name: "SipError", status: 486 });
    net.ladder.reads(`
      alice -> bob:   INVITE sdp
      bob   -> alice: 486
    `);
  });

  test("is told 408 when nobody is there", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");

    const call = alice.invite("sip:nobody@nowhere", { offer: offerAt(4000) });
    mock.timers.tick(32_000);

    await assert.rejects(call, { status: 408 });
  });

  test("cancels while bob's phone rings, and bob's owner hears of it", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    let cancelled = 0;
    let late: IncomingInvite | undefined;
    await net.agent("bob", {
      onInvite: (invite) => {
        late = invite;
        invite.onCancelled = () => cancelled++;
        invite.ring();
      },
    });
    const patience = new AbortController();

    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000), signal: patience.signal });
    await settled();
    patience.abort();

    await assert.rejects(call, { status: 487 });
    await settled();
    assert.equal(cancelled, 1);
    assert.equal(late && pickUp(late).state, "ended");
    net.ladder.reads(`
      alice -> bob:   INVITE sdp
      bob   -> alice: 180
      alice -> bob:   CANCEL
      bob   -> alice: 487
    `);
  });

  test("acknowledges and hangs up a 200 that crosses its CANCEL", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const bob = net.scripted("bob");
    const patience = new AbortController();

    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000), signal: patience.signal });
    await settled();
    bob.respond(0, 180);
    await settled();
    bob.respond(0, 200, ofBob);
    patience.abort();

    await assert.rejects(call, { status: 487 });
    await settled();
    net.ladder.reads(`
      alice -> bob:   INVITE sdp
      bob   -> alice: 180
      bob   -> alice: 200 sdp
      alice -> bob:   CANCEL
      alice -> bob:   ACK
      alice -> bob:   BYE
    `);
  });

  test("gives up by itself when bob rings for too long", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob", { onInvite: (invite) => invite.ring() });

    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000), timeoutMs: 4000 });
    await settled();
    mock.timers.tick(4000);

    await assert.rejects(call, { status: 408 });
    await settled();
    assert.deepEqual(net.ladder.steps("CANCEL"), ["alice -> bob: CANCEL"]);
    assert.deepEqual(net.ladder.steps("487"), ["bob -> alice: 487"]);
  });

  test("sends nothing when it is aborted before it began", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");

    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000), signal: AbortSignal.abort() });

    await assert.rejects(call, { status: 487 });
    net.ladder.reads("");
  });

  test("takes the first of two phones that answer, and hangs up the second", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const bob = net.scripted("bob");

    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000) });
    await settled();
    bob.respond(0, 200, { ...ofBob, tag: "desk" });
    bob.respond(0, 200, { ...ofBob, tag: "laptop" });
    const { leg } = await call;
    await settled();

    assert.equal(leg.id.remoteTag, "desk");
    assert.deepEqual(
      bob.acks.map((ack) => ack.headers.to.params["tag"]),
      ["desk", "laptop"],
    );
    assert.equal(bob.requests[1]?.method, "BYE");
    assert.equal(bob.requests[1]?.headers.to.params["tag"], "laptop");
  });

  test("acknowledges every repetition of the 200", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const bob = net.scripted("bob");

    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000) });
    await settled();
    for (let times = 0; times < 3; times++) bob.respond(0, 200, ofBob);
    await call;
    await settled();

    assert.equal(bob.acks.length, 3);
    assert.equal(new Set(bob.acks.map((ack) => ack.headers.cseq.seq)).size, 1);
    assert.equal(net.ladder.steps("BYE").length, 0);
  });

  test("hangs up on a 200 without a session description", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const bob = net.scripted("bob");

    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000) });
    await settled();
    bob.respond(0, 200, { contact: ofBob.contact });

    await assert.rejects(call, { status: 488 });
    await settled();
    assert.equal(bob.acks.length, 1);
    assert.deepEqual(net.ladder.steps("BYE"), ["alice -> bob: BYE"]);
  });

  for (const contact of ["tel:+15551234", "sip:bob@bob:99999", "sip:[::1", ""]) {
    test(`keeps calling where it called when the 200 says its Contact is "${contact}"`, async () => {
      const net = new FakeNet();
      const alice = await net.agent("alice");
      const bob = net.scripted("bob");

      const call = alice.invite("sip:bob@bob", { offer: offerAt(4000) });
      await settled();
      bob.respond(0, 200, { contact, sdp: offerAt(5000) });
      const { leg } = await call;
      void leg.bye();
      await settled();

      assert.equal(bob.requests[1]?.uri, "sip:bob@bob");
    });
  }

  test("goes back through the proxies that recorded themselves, nearest first", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice", { outboundProxy: "sip:edge" });
    const edge = net.scripted("edge");
    const recorded = ["sip:core;lr", "sip:edge;lr"].map((uri) => ({ uri, params: {} }));

    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000) });
    await settled();
    edge.respond(0, 200, { ...ofBob, headers: { "record-route": recorded } });
    await call;
    await settled();

    const [invite, ack] = [edge.requests[0], edge.acks[0]];
    assert.deepEqual(invite?.headers.route, [{ uri: "sip:edge;lr", params: {} }]);
    assert.deepEqual(
      ack?.headers.route?.map(({ uri }) => uri),
      ["sip:edge;lr", "sip:core;lr"],
    );
    assert.equal(ack?.uri, "sip:desk@bob:5060");
  });

  test("names the call it takes over, as the other end knows it", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const invites: IncomingInvite[] = [];
    const bob = await net.agent("bob", {
      onInvite: (invite) => {
        invites.push(invite);
        pickUp(invite);
      },
    });
    const { leg: old } = await alice.invite("sip:comedies@bob", { offer: offerAt(4000) });

    await alice.invite("sip:dramas@bob", { offer: offerAt(4000), replaces: old.id });

    const named = invites[1]?.replaces;
    assert.ok(named);
    assert.equal(invites[1]?.request.headers["require"], "replaces");
    assert.equal(bob.findLeg(named)?.id.remoteTag, old.id.localTag);
  });
});
