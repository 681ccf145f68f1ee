import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { queryObjects } from "node:v8";
import { firstRequest } from "#sip/dialog.ts";
import { InviteLeg } from "#sip/invite-leg.ts";
import type { IncomingInvite } from "#sip/leg.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { answerAt, offerAt, settled } from "../support/descriptions.ts";
import { FakeNet } from "../support/fake-stack.ts";
import { RawTcp, RawUdp, rawRequest } from "../support/raw-sip.ts";
import { until } from "../support/until.ts";

const annas = { uri: "sip:anna@anna:5060", params: {} };
const audio = { type: "application/sdp", content: offerAt(4000) };
const accept = (call: IncomingInvite) => call.accept(answerAt(5000, call.offer ?? ""));

describe("an INVITE that is sent again", () => {
  test("begins no second call though its transaction had to be forgotten", async () => {
    const calls: IncomingInvite[] = [];
    const bob = await UserAgent.open({
      host: "127.0.0.1",
      port: 0,
      name: "bob",
      identity: {},
      limits: { answered: 1 },
      onInvite: (call) => {
        calls.push(call);
        call.reject(486);
      },
    });
    using anna = await RawUdp.open(bob.port);
    const lines = ["Contact: <sip:anna@127.0.0.1>", "Content-Type: application/sdp"];
    const invite = rawRequest({ method: "INVITE", lines, body: offerAt(4000) });

    anna.send(invite);
    await anna.next();
    anna.send(rawRequest());
    await anna.next();
    anna.send(invite);
    anna.send(rawRequest({ callId: "after@example.org" }));
    await anna.answerTo("after@example.org");
    const unread = anna.unread;
    await bob.close();

    assert.equal(calls.length, 1);
    assert.equal(unread, 0);
  });
});

describe("a request that comes by UDP and then by TCP", () => {
  test("is answered by both, though its branch is the same", async () => {
    const bob = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "bob", identity: {} });
    const asked = { branch: "z9hG4bK-both", callId: "both@example.org" };
    using udp = await RawUdp.open(bob.port);
    using tcp = await RawTcp.open(bob.port);

    udp.send(rawRequest(asked));
    const first = await udp.next();
    tcp.write(rawRequest(asked));
    const second = await tcp.next();
    await bob.close();

    assert.match(first, /^SIP\/2\.0 200 /);
    assert.match(second, /^SIP\/2\.0 200 /);
  });
});

describe("a call that is over", () => {
  test("is forgotten by both ends, though copies of its 200 are still waited for", async () => {
    const common = { host: "127.0.0.1", port: 0, identity: {} };
    const bob = await UserAgent.open({ ...common, name: "bob", onInvite: accept });
    const anna = await UserAgent.open({ ...common, name: "anna" });
    const during: number[] = [];
    const call = async () => {
      const { leg } = await anna.invite(bob.address, { offer: offerAt(4000) });
      during.push(queryObjects(InviteLeg, { format: "count" }));
      await leg.bye();
    };

    await call();
    await settled();
    const after = queryObjects(InviteLeg, { format: "count" });
    await Promise.all([anna.close(), bob.close()]);

    assert.deepEqual([...during, after], [2, 0]);
  });

  test("is forgotten while the BYE to a caller who is gone is still under way", async () => {
    const bob = await UserAgent.open({
      host: "127.0.0.1",
      port: 0,
      name: "bob",
      identity: {},
      timers: { t1: 10 },
      onInvite: accept,
    });
    using anna = await RawUdp.open(bob.port);
    const lines = ["Contact: <sip:anna@127.0.0.1>", "Content-Type: application/sdp"];

    anna.send(rawRequest({ method: "INVITE", lines, body: offerAt(4000) }));
    await anna.next();
    await until(() => [...bob.legs()].length === 0, "bob to give up");
    const after = queryObjects(InviteLeg, { format: "count" });
    await bob.close();

    assert.equal(after, 0);
  });
});

describe("callers that never acknowledge", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  test("give way, the oldest first, when they are more than 250", async () => {
    const net = new FakeNet();
    const anna = net.scripted("anna");
    const bob = await net.agent("bob", { onInvite: accept });

    for (let call = 0; call < 253; call++) {
      anna.send(firstRequest("INVITE", "sip:bob@bob", annas, { headers: { contact: [annas] }, body: audio }));
    }
    await settled();

    const [first, second, third] = anna.responses;
    const ended = anna.requests.map(({ headers }) => headers["call-id"]);
    assert.deepEqual(
      ended,
      [first, second, third].map((response) => response?.headers["call-id"]),
    );
    assert.equal([...bob.legs()].length, 250);
  });
});
