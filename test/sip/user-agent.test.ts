import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import { firstRequest } from "#sip/dialog.ts";
import type { SipRequest } from "#sip/message.ts";
import { UserAgent, type UserAgentOptions } from "#sip/user-agent.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";

const anna = { uri: "sip:anna@anna:5060", params: {} };

/** A user agent on sockets of this machine, closed when the test ends. */
async function onSockets(t: TestContext, name: string, options: Partial<UserAgentOptions> = {}) {
  const agent = await UserAgent.open({ host: "127.0.0.1", port: 0, name, identity: { name }, ...options });
  t.after(() => agent.close());
  return agent;
}

describe("a user agent", () => {
  const first = (method: string): SipRequest => firstRequest(method, "sip:bob@bob", anna, {});
  const lost = (method: string): SipRequest => {
    const request = first(method);
    return { ...request, headers: { ...request.headers, to: { ...anna, params: { tag: "gone" } } } };
  };
  const defaults: [title: string, status: number, request: SipRequest][] = [
    ["OPTIONS", 200, first("OPTIONS")],
    ["an INVITE nobody takes", 405, first("INVITE")],
    ["a SUBSCRIBE nobody takes", 489, first("SUBSCRIBE")],
    ["a MESSAGE nobody reads", 405, first("MESSAGE")],
    ["a method nobody knows", 501, first("DANCE")],
    ["a NOTIFY nobody asked for", 481, first("NOTIFY")],
    ["a BYE outside a call", 481, first("BYE")],
    ["an INFO in a call that is over", 481, lost("INFO")],
  ];
  for (const [title, status, request] of defaults) {
    test(`answers ${status} to ${title}`, async () => {
      const net = new FakeNet();
      const annas = net.scripted("anna");
      await net.agent("bob");

      annas.send(request);
      await settled();

      assert.equal(annas.responses[0]?.status, status);
      assert.notEqual(annas.responses[0]?.headers.to.params["tag"], undefined);
    });
  }

  test("says in OPTIONS what it can do", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob", { onInvite: () => undefined });

    const { headers } = await alice.request("OPTIONS", "sip:bob@bob");

    assert.match(String(headers["allow"]), /^INVITE, ACK, CANCEL, BYE/);
    assert.equal(headers["accept"], "application/sdp");
    assert.equal(headers["supported"], "replaces, tdialog, norefersub, 100rel, timer");
  });

  test("lets nobody write lines into a header, nor the headers that route", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const bob = net.scripted("bob");

    const headers = { Subject: "films\r\nRoute: <sip:evil>", Via: "no", Route: "<sip:evil>", "X Y": "no" };
    void alice.request("OPTIONS", "sip:bob@bob", { headers });
    await settled();

    const [asked] = bob.requests;
    assert.deepEqual([asked?.headers.via.length, asked?.headers.route], [1, undefined]);
    assert.equal(asked?.headers["subject"], "films Route: <sip:evil>");
    assert.equal(asked?.headers["x y"], undefined);
  });

  test("counts a request as unanswered when its own patience ends", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const net = new FakeNet();
    const alice = await net.agent("alice");

    const asked = alice.request("OPTIONS", "sip:nobody@nowhere", { timeoutMs: 500 });
    t.mock.timers.tick(500);

    assert.equal((await asked).status, 408);
  });

  test("finds the leg that a Replaces names, and no other", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice");
    const bob = await net.agent("bob", {
      onInvite: (invite) => void invite.accept(answerAt(5000, invite.offer ?? "")),
    });
    const { leg } = await alice.invite("sip:bob@bob", { offer: offerAt(4000) });
    const { callId, localTag, remoteTag } = leg.id;

    assert.equal(bob.findLeg({ callId, localTag: remoteTag, remoteTag: localTag })?.state, "confirmed");
    assert.equal(bob.findLeg(leg.id), undefined);
  });

  test("hangs up, cancels and refuses everything when it closes", async () => {
    const net = new FakeNet();
    const alice = await net.agent("alice", { onInvite: (invite) => invite.ring() });
    const ended: string[] = [];
    await net.agent("bob", {
      onInvite: (invite) => {
        const handlers = { onEnded: (reason: string) => ended.push(reason) };
        if (invite.target === "sip:bob@bob") invite.accept(answerAt(5000, invite.offer ?? ""), { handlers });
        else invite.ring();
      },
    });
    await alice.invite("sip:bob@bob", { offer: offerAt(4000) });
    const waiting = alice.invite("sip:carol@bob", { offer: offerAt(4002) });
    waiting.catch(() => undefined);
    const dave = await net.agent("dave");
    const refused = dave.invite("sip:alice@alice", { offer: offerAt(4004) });
    refused.catch(() => undefined);
    await settled();

    await alice.close();

    await assert.rejects(waiting, { status: 487 });
    await assert.rejects(refused, { status: 480 });
    assert.deepEqual(ended, ["BYE"]);
    assert.equal(net.ladder.steps("alice -> bob: CANCEL").length, 1);
  });

  test("closes within two seconds though bob never answers its BYE", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const net = new FakeNet();
    const alice = await net.agent("alice");
    await net.agent("bob", { onInvite: (invite) => void invite.accept(answerAt(5000, invite.offer ?? "")) });
    const { leg } = await alice.invite("sip:bob@bob", { offer: offerAt(4000) });
    net.lose = (_message, from) => from === "alice";

    const closed = alice.close();
    await settled();
    t.mock.timers.tick(2000);
    await closed;
    await leg.bye();

    assert.equal(leg.state, "ended");
  });
});

describe("two user agents on this machine", () => {
  test("call, talk, mute, ask, watch and hang up over UDP", async (t) => {
    const bob = await onSockets(t, "bob", {
      onInvite: (invite) =>
        void invite.accept(answerAt(5000, invite.offer ?? ""), {
          handlers: {
            onOffer: (offer) => answerAt(5000, offer),
            onRequest: () => ({ status: 200, headers: { "content-type": "text/plain" }, content: "mixer" }),
          },
        }),
      onSubscribe: (subscribe) => {
        const notifier = subscribe.accept({ onRefresh() {}, onEnded() {} });
        void notifier.notify("text/plain", "roster");
      },
    });
    const alice = await onSockets(t, "alice");
    const heard = Promise.withResolvers<string>();

    const { leg } = await alice.invite(bob.address, { offer: offerAt(4000) });
    const muted = await leg.offer(`${offerAt(4000)}a=recvonly\r\n`);
    const info = await leg.request("INFO", { type: "text/plain", content: "who?" });
    const subscription = alice.subscribe(bob.address, {
      event: "conference",
      accept: "text/plain",
      onNotify: ({ content }) => heard.resolve(content),
      onEnded: () => undefined,
    });

    assert.equal(readAudio(muted)?.direction, "sendonly");
    assert.equal(info.content, "mixer");
    assert.equal(await heard.promise, "roster");
    await subscription.end();
    await leg.bye();
    assert.deepEqual([...bob.legs()], []);
  });

  test("reach each other over TCP when the offer is too long for a datagram", async (t) => {
    const protocols: string[] = [];
    const bob = await onSockets(t, "bob", {
      onInvite: (invite) => void invite.accept(answerAt(5000, invite.offer ?? "")),
      onTrace: (direction, message, { protocol }) => {
        if (direction === "in" && "method" in message) protocols.push(`${message.method} ${protocol}`);
      },
    });
    const alice = await onSockets(t, "alice");

    const long = `${offerAt(4000)}${"a=note:a line of a long offer\r\n".repeat(60)}`;
    const { leg } = await alice.invite(bob.address, { offer: long });
    await leg.bye();

    assert.deepEqual(protocols, ["INVITE TCP", "ACK UDP", "BYE UDP"]);
  });

  test("call each other over IPv6", async (t) => {
    const onInvite: UserAgentOptions["onInvite"] = (invite) =>
      void invite.accept(answerAt(5000, invite.offer ?? ""));
    const bob = await onSockets(t, "bob", { host: "::1", onInvite });
    const alice = await onSockets(t, "alice", { host: "::1" });

    const { leg } = await alice.invite(bob.address, { offer: offerAt(4000) });
    await leg.bye();

    assert.match(leg.localContact, /@\[::1\]:/);
    assert.deepEqual([...bob.legs()], []);
  });

  test("cannot both have the same port", async (t) => {
    const alice = await onSockets(t, "alice");

    const second = UserAgent.open({ host: "127.0.0.1", port: alice.port, name: "bob", identity: {} });

    await assert.rejects(second, { code: "EADDRINUSE" });
  });
});
