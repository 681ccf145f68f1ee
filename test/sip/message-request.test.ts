import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { firstRequest } from "#sip/dialog.ts";
import type { SipHeaders } from "#sip/message.ts";
import type { IncomingMessage } from "#sip/message-request.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

const anna = { uri: "sip:anna@anna:5060", params: {} };

describe("MESSAGE", () => {
  test("brings bob a text, with no dialog and no Contact on either side", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const texts: IncomingMessage[] = [];
    await net.agent("bob", {
      onMessage: (message) => {
        texts.push(message);
        message.accept();
        message.reject(403);
      },
    });

    const response = await alice.message("sip:bob@bob", { content: "Grüße aus den Komödien" });

    assert.equal(response.status, 200);
    assert.equal(response.headers.contact, undefined);
    assert.deepEqual(
      texts.map(({ text, target, leg }) => [text, target, leg]),
      [["Grüße aus den Komödien", "sip:bob@bob", undefined]],
    );
    assert.equal(texts[0]?.request.headers.contact, undefined);
    net.ladder.reads(`
      alice -> bob:   MESSAGE Grüße aus den Komödien
      bob   -> alice: 200
    `);
  });

  test("is kept for bob when he is not there, and refused when he does not want it", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob", {
      onMessage: (message) => (message.text === "hi" ? message.accept(202) : message.reject(603)),
    });

    assert.equal((await alice.message("sip:bob@bob", { content: "hi" })).status, 202);
    await assert.rejects(alice.message("sip:bob@bob", { content: "buy!" }), { status: 603 });
  });

  test("too long for one datagram goes only where a connection is sure", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob", { onMessage: (message) => message.accept() });
    const content = "a".repeat(1300);

    await assert.rejects(alice.message("sip:bob@bob", { content }), { status: 513 });
    assert.deepEqual(net.ladder.steps("MESSAGE"), []);
    await alice.message("sip:bob@bob;transport=tcp", { content });
  });

  const others: [title: string, headers: Partial<SipHeaders>][] = [
    ["a picture", { "content-type": "image/png" }],
    ["a web page", { "content-type": "text/html" }],
    ["a text in an alphabet we do not read", { "content-type": "text/plain;charset=EBCDIC-US" }],
    ["a packed text", { "content-type": "text/plain", "content-encoding": "gzip" }],
  ];
  for (const [title, headers] of others) {
    test(`with ${title} is refused with 415 and what would do`, async () => {
      const net = new FakeNet();
      const annas = net.scripted("anna");
      await net.agent("bob", { onMessage: () => assert.fail("reached the owner") });
      const request = firstRequest("MESSAGE", "sip:bob@bob", anna, { headers });

      annas.send({ ...request, content: "x" });
      await settled();

      assert.equal(annas.responses[0]?.status, 415);
      assert.equal(annas.responses[0]?.headers["accept-encoding"], "identity");
    });
  }

  test("in a call reaches the leg, or whoever reads texts for all of them", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const texts: string[] = [];
    const bob = await net.agent("bob", {
      onInvite: (invite) => void invite.accept(answerAt(5000, invite.offer ?? "")),
      onMessage: (message) => {
        texts.push(`bob: ${message.text} ${message.leg?.state}`);
        message.accept();
      },
    });
    const { leg } = await alice.invite("sip:bob@bob", { offer: offerAt(4000) });
    await settled();
    const say = (content: string) => leg.request("MESSAGE", { type: "text/plain", content });

    await say("one");
    for (const bobs of bob.legs()) {
      bobs.handlers = {
        onMessage: (message) => {
          texts.push(`leg: ${message.text}`);
          message.accept();
        },
      };
    }
    await say("two");

    assert.deepEqual(texts, ["bob: one confirmed", "leg: two"]);
  });

  test("whose reader fails is answered 500", async () => {
    const net = new FakeNet();
    const errors: Error[] = [];
    const alice = await net.agent("alice");
    await net.agent("bob", {
      onError: (error) => errors.push(error),
      onMessage: () => {
        throw new TypeError("no screen");
      },
    });

    await assert.rejects(alice.message("sip:bob@bob", { content: "hi" }), { status: 500 });
    assert.equal(errors.length, 1);
  });
});
