import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { asks, call, keeper, secret } from "../support/challenges.ts";
import { offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

describe("nobody else gets our credentials:", () => {
  const stranger = { headers: { "www-authenticate": keeper().challenges().join(", ") } };

  test("not whom we call, although he names our realm", async () => {
    const { proxy, refused } = await call();

    proxy.respond(0, 401, stranger);

    assert.equal(((await refused) as { status: number }).status, 401);
    assert.equal(proxy.requests.length, 1);
  });

  test("not a proxy that is none of ours", async () => {
    const net = new FakeNet();
    const mallory = net.scripted("mallory");
    const alice = await net.agent("alice", { credentials: [secret] });

    const answered = alice.request("OPTIONS", "sip:bob@mallory");
    await settled();
    mallory.respond(0, 407, asks(keeper()));

    assert.equal((await answered).status, 407);
    assert.equal(mallory.requests.length, 1);
  });

  test("not a stranger to whom our own address is said to lead", async () => {
    const net = new FakeNet();
    const mallory = net.scripted("home");
    const alice = await net.agent("alice", { credentials: [secret] });

    const answered = alice.request("OPTIONS", "sip:bob@home;maddr=192.0.2.66");
    await settled();
    mallory.respond(0, 407, asks(keeper()));

    assert.equal((await answered).status, 407);
    assert.equal(mallory.requests.length, 1);
  });

  test("not a server beside ours on another port", async () => {
    const net = new FakeNet();
    const mallory = net.scripted("home");
    const alice = await net.agent("alice", { credentials: [secret] });

    const answered = alice.request("OPTIONS", "sip:bob@home:6666");
    await settled();
    mallory.respond(0, 407, asks(keeper()));

    assert.equal((await answered).status, 407);
    assert.equal(mallory.requests.length, 1);
  });

  test("not who is sent our BYE", async () => {
    const net = new FakeNet();
    const home = net.scripted("home");
    const mallory = net.scripted("mallory");
    const alice = await net.agent("alice", { credentials: [secret] });
    const called = alice.invite("sip:bob@home", { offer: offerAt(4000) });
    await settled();
    home.respond(0, 200, { contact: "sip:bob@mallory:5060", sdp: offerAt(5000) });
    const { leg } = await called;

    const gone = leg.bye();
    await settled();
    mallory.respond(0, 407, asks(keeper()));
    await gone;

    assert.deepEqual(
      mallory.requests.map(({ method }) => method),
      ["BYE"],
    );
  });
});
