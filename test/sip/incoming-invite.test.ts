import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { firstRequest } from "#sip/dialog.ts";
import type { IncomingInvite, LegHandlers } from "#sip/leg.ts";
import type { SipHeaders, SipRequest } from "#sip/message.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

const anna = { uri: "sip:anna@anna:5060", params: {} };

/** An INVITE as anna's simple phone sends it. */
function invite(
  headers: Partial<SipHeaders> = {},
  body = { type: "application/sdp", content: offerAt(4000) },
) {
  return firstRequest("INVITE", "sip:bob@bob", anna, { headers: { contact: [anna], ...headers }, body });
}

/** The ACK or a later request of anna in the dialog that this response opened. */
function inDialog(method: string, first: SipRequest, seq: number, tag: string): SipRequest {
  const to = { ...first.headers.to, params: { tag } };
  return { ...first, method, headers: { ...first.headers, to, cseq: { seq, method } }, content: "" };
}

const pickUp = (handlers: LegHandlers) => (call: IncomingInvite) =>
  void call.accept(answerAt(5000, call.offer ?? ""), { handlers });

describe("an incoming INVITE", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("has its 200 repeated until the ACK comes", async () => {
    const net = new FakeNet();
    const annas = net.scripted("anna");
    await net.agent("bob", { onInvite: pickUp({}) });
    const first = invite();

    annas.send(first);
    await settled();
    mock.timers.tick(500);
    mock.timers.tick(1000);
    await settled();
    annas.stack.sendStateless(inDialog("ACK", first, 1, annas.responses[0]?.headers.to.params["tag"] ?? ""));
    await settled();
    mock.timers.tick(32_000);
    await settled();

    net.ladder.reads(`
      anna -> bob:  INVITE sdp
      bob  -> anna: 200 sdp
      bob  -> anna: 200 sdp
      bob  -> anna: 200 sdp
      anna -> bob:  ACK
    `);
  });

  test("is hung up when its ACK never comes, and bob's owner hears of it", async () => {
    const net = new FakeNet();
    const annas = net.scripted("anna");
    const ended: string[] = [];
    const bob = await net.agent("bob", { onInvite: pickUp({ onEnded: (reason) => ended.push(reason) }) });

    annas.send(invite());
    await settled();
    for (let waited = 0; waited < 32_000; waited += 500) mock.timers.tick(500);
    await settled();

    // T1, 2*T1, 4*T1, then every T2: 0.5, 1.5, 3.5, 7.5, 11.5 … 31.5 s (RFC 3261 §13.3.1.4).
    assert.equal(net.ladder.steps("200 sdp").length, 1 + 10);
    assert.equal(annas.requests.at(-1)?.method, "BYE");
    assert.deepEqual(ended, ["No ACK"]);
    assert.deepEqual([...bob.legs()], []);
  });

  test("is not hung up by bob before the ACK came", async () => {
    const net = new FakeNet();
    const annas = net.scripted("anna");
    await net.agent("bob", { onInvite: (call) => void call.accept(answerAt(5000, call.offer ?? "")).bye() });
    const first = invite();

    annas.send(first);
    await settled();
    const byes = net.ladder.steps("BYE").length;
    annas.stack.sendStateless(inDialog("ACK", first, 1, annas.responses[0]?.headers.to.params["tag"] ?? ""));
    await settled();

    assert.equal(byes, 0);
    assert.equal(annas.requests[0]?.method, "BYE");
  });

  test("gets the address, name and options of its Contact from bob's owner", async () => {
    const net = new FakeNet();
    const annas = net.scripted("anna");
    await net.agent("bob", {
      onInvite: (call) =>
        void call.accept(offerAt(5000), { contactUser: "films", contactParams: { isfocus: null } }),
    });

    annas.send(invite());
    await settled();

    assert.deepEqual(annas.responses[0]?.headers.contact, [
      { uri: "sip:films@bob:5060", params: { isfocus: null } },
    ]);
  });

  const refused: [title: string, status: number, request: SipRequest][] = [
    ["whose body is no session description", 415, invite({}, { type: "text/plain", content: "hello" })],
    ["without a Contact", 400, invite({ contact: [] })],
    ["with a telephone number for a Contact", 400, invite({ contact: [{ uri: "tel:123", params: {} }] })],
    ["that requires what we do not know", 420, invite({ require: "100rel, precondition" })],
    ["with half a Replaces", 400, invite({ replaces: "a-call;to-tag=1" })],
    ["with two Replaces", 400, invite({ replaces: "a;to-tag=1;from-tag=2, b;to-tag=1;from-tag=2" })],
    [
      "to a telephone number",
      416,
      { ...invite({ route: [{ uri: "sip:bob;lr", params: {} }] }), uri: "tel:123" },
    ],
    ["of a call nobody has", 481, inDialog("INVITE", invite(), 7, "unknown")],
  ];
  for (const [title, status, request] of refused) {
    test(`${title} is refused with ${status} before any owner sees it`, async () => {
      const net = new FakeNet();
      const annas = net.scripted("anna");
      await net.agent("bob", { onInvite: () => assert.fail("reached the owner") });

      net.ladder.clear();
      annas.stack.send({ ...request, headers: { ...request.headers } }, () => undefined);
      await settled();

      assert.deepEqual(net.ladder.steps("bob -> anna"), [`bob -> anna: ${status}`]);
    });
  }

  test("that comes by two ways is refused the second time", async () => {
    const net = new FakeNet();
    const annas = net.scripted("anna");
    await net.agent("bob", { onInvite: (call) => call.ring() });
    const forked = invite();

    annas.send(forked);
    annas.send(forked);
    await settled();

    assert.deepEqual(
      annas.responses.map(({ status }) => status),
      [180, 482],
    );
  });

  test("is told which option was not understood", async () => {
    const net = new FakeNet();
    const annas = net.scripted("anna");
    await net.agent("bob", { onInvite: () => undefined });

    annas.send(invite({ require: "replaces, Nothing-Known" }));
    await settled();

    assert.equal(annas.responses[0]?.headers["unsupported"], "nothing-known");
  });

  test("gets 500 when bob's owner stumbles over it, which is reported, and bob goes on", async () => {
    const net = new FakeNet();
    const annas = net.scripted("anna");
    const errors: unknown[] = [];
    await net.agent("bob", {
      onError: ({ cause }) => errors.push(cause),
      onInvite: () => {
        throw new TypeError("not foreseen");
      },
    });

    annas.send(invite());
    annas.send(firstRequest("OPTIONS", "sip:bob@bob", anna, {}));
    await settled();

    assert.deepEqual(
      annas.responses.map(({ status }) => status),
      [500, 200],
    );
    assert.deepEqual(errors, [new TypeError("not foreseen")]);
  });
});
