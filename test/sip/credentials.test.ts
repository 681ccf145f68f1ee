import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Challenged, Wallet } from "#sip/credentials.ts";
import type { SipRequest } from "#sip/message.ts";
import { alicesAgent, asks, call, cseqs, keeper, secret, verdict } from "../support/challenges.ts";
import { offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

describe("a challenge of our proxy", () => {
  test("is answered under the next CSeq, in the same call", async () => {
    const server = keeper();
    const { net, proxy } = await call();

    proxy.respond(0, 407, asks(server));
    await settled();

    const [first, second] = proxy.requests;
    assert.equal(verdict(server, second), "right");
    assert.deepEqual(cseqs(proxy), [1, 2]);
    assert.equal(first?.headers["call-id"], second?.headers["call-id"]);
    assert.equal(first?.headers.from.params["tag"], second?.headers.from.params["tag"]);
    assert.equal(second?.headers.to.params["tag"], undefined);
    net.ladder.reads(`
      alice -> proxy: INVITE sdp
      proxy -> alice: 407
      alice -> proxy: INVITE sdp
    `);
  });

  test("is answered once: a wrong password is not tried again", async () => {
    const server = keeper();
    const { proxy, refused } = await call({ credentials: [{ ...secret, password: "grey whale" }] });

    proxy.respond(0, 407, asks(server));
    await settled();
    assert.equal(verdict(server, proxy.requests[1]), "wrong");
    proxy.respond(1, 407, asks(server));

    assert.equal(((await refused) as { status: number }).status, 407);
    assert.equal(proxy.requests.length, 2);
  });

  test("is answered again when only the nonce was stale", async () => {
    const server = keeper();
    const { proxy } = await call();

    proxy.respond(0, 407, asks(keeper()));
    await settled();
    assert.equal(verdict(server, proxy.requests[1]), "stale");
    proxy.respond(1, 407, asks(server, true));
    await settled();

    assert.equal(verdict(server, proxy.requests[2]), "right");
  });

  test("that never stops being stale is given up", async () => {
    const { proxy, refused } = await call();

    for (let at = 0; at < proxy.requests.length; at++) {
      proxy.respond(at, 407, asks(keeper(), true));
      await settled();
    }

    assert.equal(((await refused) as { status: number }).status, 407);
    assert.ok(proxy.requests.length < 10, `${proxy.requests.length} attempts`);
  });

  test("of one realm is answered beside that of another", async () => {
    const [home, work] = [keeper(), keeper("work")];
    const { proxy } = await call({ credentials: [secret, { ...secret, realm: "work" }] });

    proxy.respond(0, 407, asks(home));
    await settled();
    proxy.respond(1, 407, asks(work));
    await settled();

    const said = proxy.requests[2]?.headers["proxy-authorization"];
    assert.ok(Array.isArray(said));
    assert.match(said.join(), /realm="home".*nc=00000002.*realm="work".*nc=00000001/);
  });

  test("is not answered for a realm nobody configured, and the caller is told 407", async () => {
    const { proxy, refused } = await call();

    proxy.respond(0, 407, asks(keeper("elsewhere")));

    assert.equal(((await refused) as { status: number }).status, 407);
    assert.equal(proxy.requests.length, 1);
  });

  test("is not answered once the call was cancelled", async () => {
    const net = new FakeNet();
    const proxy = net.scripted("proxy");
    const alice = await alicesAgent(net);
    const stop = new AbortController();
    const refused = alice
      .invite("sip:bob@away", { offer: offerAt(4000), signal: stop.signal })
      .catch((error: unknown) => error);
    await settled();

    stop.abort();
    proxy.respond(0, 407, asks(keeper()));

    await refused;
    await settled();
    assert.equal(proxy.requests.length, 1);
  });
});

test("a call goes on under the numbers after its password: the ACK shows it again, the BYE when asked", async () => {
  const server = keeper();
  const net = new FakeNet();
  const proxy = net.scripted("proxy");
  const alice = await alicesAgent(net);
  const called = alice.invite("sip:bob@away", { offer: offerAt(4000) });
  await settled();
  proxy.respond(0, 407, asks(server));
  await settled();
  proxy.respond(1, 200, {
    contact: "sip:bob@away:5060",
    sdp: offerAt(5000),
    headers: { "record-route": [{ uri: "sip:proxy;lr", params: {} }] },
  });
  const { leg } = await called;

  const gone = leg.bye();
  await settled();
  proxy.respond(2, 407, asks(server));
  await settled();
  proxy.respond(3, 200);
  await gone;

  const [ack] = proxy.acks;
  assert.equal(ack?.headers.cseq.seq, 2);
  const shown = proxy.requests[1]?.headers["proxy-authorization"];
  assert.equal(ack.headers["proxy-authorization"], shown);
  assert.deepEqual(
    proxy.requests.map(({ method, headers }) => `${headers.cseq.seq} ${method}`),
    ["1 INVITE", "2 INVITE", "3 BYE", "4 BYE"],
  );
  assert.equal(verdict(server, proxy.requests[3]), "right");
});

test("our own server may ask by 401 about a request for itself", async () => {
  const net = new FakeNet();
  const home = net.scripted("home");
  const server = keeper();
  const alice = await net.agent("alice", { credentials: [secret] });

  const answered = alice.request("OPTIONS", "sip:home");
  await settled();
  home.respond(0, 401, { headers: { "www-authenticate": server.challenges().join(", ") } });
  await settled();
  home.respond(1, 200);

  assert.equal(verdict(server, home.requests[1], "authorization"), "right");
  assert.equal((await answered).headers.cseq.seq, 2);
});

test("a server that names itself by its address is known by it", () => {
  const wallet = new Wallet(["sip:home.example"], [{ ...secret, realm: "home" }]);
  const request = (uri: string): SipRequest => ({
    method: "BYE",
    uri,
    headers: {
      via: [],
      from: { uri: "sip:alice@home.example", params: {} },
      to: { uri, params: {} },
      "call-id": "1",
      cseq: { seq: 1, method: "BYE" },
    },
    content: "",
  });
  const challenge = { status: 407, reason: "", content: "" };
  const headers = { ...request("sip:a@b").headers, "proxy-authenticate": keeper().challenges() };
  const ask = (uri: string) => {
    return wallet.answer(request(uri), { ...challenge, headers }, new Challenged());
  };

  assert.equal(ask("sip:192.0.2.7:5070"), undefined);
  wallet.wentTo(request("sip:bob@home.example"), { protocol: "UDP", address: "192.0.2.7", port: 5070 });

  assert.ok(ask("sip:192.0.2.7:5070"));
  assert.equal(ask("sip:192.0.2.7:5071"), undefined);
});
