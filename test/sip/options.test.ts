import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

describe("OPTIONS", () => {
  test("tells all that bob can do", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const bob = net.scripted("bob");
    void alice.request("OPTIONS", "sip:bob@bob");
    await settled();
    await net.agent("bob", {
      onInvite: () => undefined,
      onRefer: () => undefined,
      onMessage: () => undefined,
      onSubscribe: () => undefined,
      events: { conference: ["application/conference-info+xml"], dialog: ["application/dialog-info+xml"] },
    });

    const { status, headers } = await alice.request("OPTIONS", "sip:bob@bob");

    assert.equal(status, 200);
    for (const method of ["INVITE", "SUBSCRIBE", "REFER", "MESSAGE", "INFO"]) {
      assert.ok(String(headers["allow"]).split(", ").includes(method), method);
    }
    assert.equal(headers["accept"], "application/sdp, text/plain");
    assert.equal(headers["accept-encoding"], "identity");
    assert.equal(headers["accept-language"], "en");
    assert.match(String(headers["supported"]), /\breplaces\b/);
    assert.equal(headers["allow-events"], "conference, dialog");
    assert.equal(bob.requests[0]?.headers.contact, undefined);
  });

  test("in a call tells the INFO packages of the leg", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob", {
      inviteStatus: () => 486,
      onInvite: (invite) =>
        void invite.accept(answerAt(5000, invite.offer ?? ""), { handlers: { infoPackages: ["dtmf"] } }),
    });
    const { leg } = await alice.invite("sip:bob@bob", { offer: offerAt(4000) });

    const { status, headers } = await leg.request("OPTIONS");

    assert.equal(status, 200);
    assert.equal(headers["recv-info"], "dtmf");
  });

  for (const [state, status] of [
    ["busy", 486],
    ["unknown", 404],
    ["full", 503],
  ] as const) {
    test(`says ${status} when bob is ${state}, as an INVITE would hear`, async () => {
      const net = new FakeNet();
      const alice = await net.agent("alice");
      await net.agent("bob", { inviteStatus: (target) => (target === "sip:bob@bob" ? status : 200) });

      const response = await alice.request("OPTIONS", "sip:bob@bob");

      assert.equal(response.status, status);
      assert.notEqual(response.headers["allow"], undefined);
      assert.equal(response.headers["retry-after"], status === 503 ? "10" : undefined);
      assert.equal((await alice.request("OPTIONS", "sip:carol@bob")).status, 200);
    });
  }
});
