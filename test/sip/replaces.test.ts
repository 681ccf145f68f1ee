import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { firstRequest } from "#sip/dialog.ts";
import { formatReplaces } from "#sip/header-values.ts";
import type { DialogId, EarlyLeg, IncomingInvite, Leg } from "#sip/leg.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

const carol = { uri: "sip:carol@carol:5060", params: {} };

/** carol's INVITE that takes over this dialog of alice, as alice names it. */
function takeover({ callId, localTag, remoteTag }: DialogId, flag = "") {
  const replaces = formatReplaces({ callId, localTag: remoteTag, remoteTag: localTag }) + flag;
  const body = { type: "application/sdp", content: offerAt(6000) };
  const headers = { contact: [carol], require: "replaces", replaces };
  return firstRequest("INVITE", "sip:alice@alice", carol, { headers, body });
}

/** alice, who gives every call to whoever takes it over, and carol, who writes by hand. */
async function cast() {
  const net = new FakeNet();
  const carols = net.scripted("carol");
  const incoming: IncomingInvite[] = [];
  const alice = await net.agent("alice", {
    onInvite: (call) => {
      incoming.push(call);
      const old = call.replaces && alice.findLeg(call.replaces);
      call.accept(answerAt(4000, call.offer ?? ""));
      void old?.bye();
    },
  });
  return { net, alice, carols, incoming };
}

describe("Replaces", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("takes over a call that is talking, whose other end hears BYE", async () => {
    const { net, alice, carols } = await cast();
    await net.agent("bob", { onInvite: (call) => void call.accept(answerAt(5000, call.offer ?? "")) });
    const { leg } = await alice.invite("sip:bob@bob", { offer: offerAt(4000) });

    carols.send(takeover(leg.id));
    await settled();

    assert.equal(carols.responses[0]?.status, 200);
    assert.deepEqual(net.ladder.steps("BYE"), ["alice -> bob: BYE"]);
  });

  test("takes over a call alice has placed and bob has not answered: his phone stops ringing", async () => {
    const { net, alice, carols } = await cast();
    await net.agent("bob", { onInvite: (call) => void call.ring() });
    const early: EarlyLeg[] = [];
    const call = alice.invite("sip:bob@bob", { offer: offerAt(4000), onEarly: (leg) => early.push(leg) });
    call.catch(() => undefined);
    await settled();
    const [ringing] = early;
    assert.ok(ringing);

    carols.send(takeover(ringing.id, ";early-only"));
    await settled();

    await assert.rejects(call, { status: 487 });
    assert.equal(carols.responses[0]?.status, 200);
    assert.deepEqual(net.ladder.steps("CANCEL"), ["alice -> bob: CANCEL"]);
  });

  test("takes no call that only rings at alice: 481", async () => {
    const { net, carols, alice } = await cast();
    const early: EarlyLeg[] = [];
    const dora = await net.agent("dora", {
      onInvite: (call) => {
        const leg = call.ring();
        if (leg) early.push(leg);
      },
    });
    void alice.invite("sip:dora@dora", { offer: offerAt(4000) }).catch(() => undefined);
    await settled();
    const [ringing] = early;
    assert.ok(ringing);

    const request = takeover(ringing.id);
    carols.send({ ...request, uri: "sip:dora@dora" });
    await settled();

    assert.equal(carols.responses[0]?.status, 481);
    assert.equal([...dora.legs()].length, 1);
  });

  test("that wants only a ringing call is refused with 486 once it is answered", async () => {
    const { net, alice, carols, incoming } = await cast();
    const legs: Leg[] = [];
    await net.agent("bob", { onInvite: (call) => legs.push(call.accept(answerAt(5000, call.offer ?? ""))) });
    const { leg } = await alice.invite("sip:bob@bob", { offer: offerAt(4000) });

    carols.send(takeover(leg.id, ";early-only"));
    await settled();

    assert.equal(carols.responses[0]?.status, 486);
    assert.equal(incoming.length, 0);
    assert.equal(leg.state, "confirmed");
  });

  test("that wants only a ringing call nobody knows is refused with 481", async () => {
    const { carols } = await cast();

    carols.send(takeover({ callId: "none", localTag: "a", remoteTag: "b" }, ";early-only"));
    await settled();

    assert.equal(carols.responses[0]?.status, 481);
  });
});
