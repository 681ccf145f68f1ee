import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { makeOffer } from "#sdp/offer-answer.ts";
import { Amplification } from "../../native-host/src/sip/amplification.ts";
import type { Hop, SipRequest } from "../../native-host/src/sip/message.ts";
import { buildResponse } from "../../native-host/src/sip/response.ts";
import { UserAgent, type UserAgentOptions } from "../../native-host/src/sip/user-agent.ts";
import { request } from "../support/desk.ts";
import { RawUdp, rawRequest } from "../support/raw-sip.ts";
import { until } from "../support/until.ts";

const VICTIM: Hop = { protocol: "UDP", address: "192.0.2.7", port: 5060 };
const MALLORY: Hop = { protocol: "UDP", address: "198.51.100.9", port: 5060 };
const VIA = {
  version: "2.0",
  protocol: "UDP",
  host: "192.0.2.7",
  params: { branch: "z9hG4bKx", rport: "5060" },
};

/** A request of a dialog or one that begins it, with a Via. */
function message(method: string, toTag?: string): SipRequest {
  const plain = request(method, "sip:films@example.org");
  const to = { ...plain.headers.to, params: toTag === undefined ? {} : { tag: toTag } };
  return { ...plain, headers: { ...plain.headers, via: [VIA], to, "call-id": "films" } };
}

function accepted(invite: SipRequest, tag: string) {
  const to = { ...invite.headers.to, params: { tag } };
  return buildResponse(invite, 200, { headers: { to } });
}

describe("a source that may be forged", () => {
  test("draws three times its bytes and not one more", () => {
    const amplification = new Amplification();
    const invite = message("OPTIONS");
    amplification.received(VICTIM, 100);
    amplification.heard(invite, VICTIM);

    assert.equal(amplification.admits(buildResponse(invite, 200), VICTIM, 299), true);
    assert.equal(amplification.admits(buildResponse(invite, 200), VICTIM, 2), false);
    assert.equal(amplification.admits(buildResponse(invite, 200), VICTIM, 1), true);
  });

  test("is proved once it repeats the tag of a 200 to its INVITE", () => {
    const amplification = new Amplification();
    const invite = message("INVITE");
    amplification.received(VICTIM, 100);
    amplification.heard(invite, VICTIM);
    amplification.admits(accepted(invite, "ours"), VICTIM, 300);

    amplification.heard(message("ACK", "ours"), VICTIM);

    assert.equal(amplification.admits(accepted(invite, "ours"), VICTIM, 5000), true);
  });

  test("is asked as long as there is room for a goodbye after it, and proved by any answer", () => {
    const amplification = new Amplification();
    const invite = message("INVITE");
    const question = message("OPTIONS");
    amplification.received(VICTIM, 200);
    amplification.heard(invite, VICTIM);

    assert.equal(amplification.hasRoomToAsk(VICTIM), true);
    assert.equal(amplification.admitsQuestion(question, VICTIM, 271), false);
    assert.equal(amplification.admitsQuestion(question, VICTIM, 270), true);
    assert.equal(amplification.hasRoomToAsk(VICTIM), false);
    amplification.heard(buildResponse(question, 404), VICTIM);
    assert.equal(amplification.admits(accepted(invite, "ours"), VICTIM, 5000), true);
  });

  test("is not proved by the tag of somebody else's dialog", () => {
    const amplification = new Amplification();
    const invite = message("INVITE");
    for (const source of [MALLORY, VICTIM]) {
      amplification.received(source, 100);
      amplification.heard(invite, source);
    }
    amplification.admits(accepted(invite, "mallorys"), MALLORY, 100);

    amplification.heard(message("ACK", "mallorys"), VICTIM);

    assert.equal(amplification.admits(accepted(invite, "ours"), VICTIM, 5000), false);
    assert.equal(amplification.admits(accepted(invite, "ours"), MALLORY, 5000), true);
  });

  test("is charged for a NOTIFY to a Contact somewhere else", () => {
    const amplification = new Amplification();
    const contact: Hop = { ...VICTIM, port: 6060 };
    amplification.received(VICTIM, 100);
    amplification.heard(message("SUBSCRIBE"), VICTIM);

    assert.equal(amplification.admits(message("NOTIFY", "theirs"), contact, 301), false);
    assert.equal(amplification.admits(message("NOTIFY", "theirs"), contact, 300), true);
    assert.equal(amplification.admits(message("NOTIFY", "theirs"), contact, 1), false);
  });

  test("is charged for an answer to the port in its Via", () => {
    const amplification = new Amplification();
    const options = message("OPTIONS");
    const [via] = [{ ...VIA, port: 7060, params: { branch: "z9hG4bKx" } }];
    const unsymmetric = { ...options, headers: { ...options.headers, via: [via] } };
    amplification.received(VICTIM, 100);
    amplification.heard(unsymmetric, VICTIM);

    assert.equal(amplification.admits(buildResponse(unsymmetric, 200), { ...VICTIM, port: 7060 }, 300), true);
    assert.equal(amplification.admits(buildResponse(unsymmetric, 200), { ...VICTIM, port: 7060 }, 1), false);
  });

  test("may be forged again after an hour", () => {
    let nowMs = 0;
    const amplification = new Amplification(() => nowMs);
    const invite = message("INVITE");
    amplification.received(VICTIM, 100);
    amplification.heard(invite, VICTIM);
    amplification.admits(accepted(invite, "ours"), VICTIM, 300);
    amplification.heard(message("ACK", "ours"), VICTIM);
    nowMs = 3_600_001;

    assert.equal(amplification.admits(accepted(invite, "ours"), VICTIM, 5000), false);
  });

  test("draws nothing from a flood of others that is forgotten", () => {
    const amplification = new Amplification();
    amplification.received(VICTIM, 100);
    for (let port = 1; port <= 12_000; port++) amplification.received({ ...MALLORY, port }, 1000);

    assert.equal(amplification.admits(buildResponse(message("OPTIONS"), 200), VICTIM, 1), false);
  });
});

test("what we begin ourselves and what goes by TCP is never counted", () => {
  const amplification = new Amplification();

  assert.equal(amplification.admits(message("INVITE"), MALLORY, 5000), true);
  assert.equal(amplification.admits(message("BYE", "theirs"), MALLORY, 5000), true);
  assert.equal(
    amplification.admits(accepted(message("INVITE"), "t"), { ...VICTIM, protocol: "TCP" }, 5000),
    true,
  );
});

const FAST = { t1: 10, t2: 80, t4: 100 };

/** A user agent that takes every call and every subscription. */
async function films(options: Partial<UserAgentOptions> = {}): Promise<UserAgent & AsyncDisposable> {
  const agent = await UserAgent.open({
    host: "127.0.0.1",
    port: 0,
    name: "Films",
    identity: { name: "Films" },
    timers: FAST,
    onInvite: (invite) =>
      void invite.accept(
        makeOffer({ address: "127.0.0.1", port: 4000, codecs: ["PCMU"], telephoneEvent: true }),
      ),
    onSubscribe: (subscribe) => {
      const notifier = subscribe.accept({ onRefresh: () => undefined, onEnded: () => undefined });
      void notifier.notify("text/plain", "x".repeat(400));
    },
    ...options,
  });
  return Object.assign(agent, { [Symbol.asyncDispose]: () => agent.close() });
}

/** As phones have it in every INVITE. */
const ALLOW =
  "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, SUBSCRIBE, INFO, MESSAGE, REFER, UPDATE, PRACK, PUBLISH";
const CONTACT = (port: number) => `Contact: <sip:alice@127.0.0.1:${port}>`;
const SDP = makeOffer({ address: "127.0.0.1", port: 5000, codecs: ["PCMU"], telephoneEvent: true });

for (const [what, parts] of [
  ["OPTIONS", {}],
  ["SUBSCRIBE", { lines: ["Event: presence"] }],
  ["INVITE", { lines: ["Content-Type: application/sdp"], body: SDP }],
  ["REFER", { lines: ["Refer-To: <sip:bob@example.org>"] }],
  ["MESSAGE", { lines: ["Content-Type: text/plain"], body: "hello" }],
  ["FLY", {}],
] as const) {
  test(`whoever forges the source of one ${what} draws at most three times its bytes, however long he waits`, async () => {
    await using server = await films();
    using victim = await RawUdp.open(server.port);
    const lines = [...("lines" in parts ? parts.lines : []), CONTACT(victim.port)];
    const bytes = rawRequest({ method: what, uri: `sip:films@127.0.0.1:${server.port}`, ...parts, lines });

    victim.send(bytes);

    await until(() => victim.unread > 0, "the first answer");
    // Longer than 64*T1, so that the last retransmission and the BYE are in it.
    await new Promise((resolve) => setTimeout(resolve, 100 * FAST.t1));
    assert.ok(
      victim.bytes <= 3 * Buffer.byteLength(bytes),
      `${victim.bytes} for ${Buffer.byteLength(bytes)}`,
    );
  });
}

test("a phone that nobody acknowledges is still told goodbye", async () => {
  await using server = await films();
  using alice = await RawUdp.open(server.port);
  const lines = ["Content-Type: application/sdp", ALLOW, CONTACT(alice.port)];

  alice.send(rawRequest({ method: "INVITE", uri: `sip:films@127.0.0.1:${server.port}`, lines, body: SDP }));

  const heard: string[] = [];
  while (!heard.at(-1)?.startsWith("BYE ")) heard.push(await alice.next());
  assert.ok(heard.filter((text) => text.startsWith("SIP/2.0 200 ")).length >= 2, heard.join("\n"));
});

test("a phone whose ACKs were lost is asked with an OPTIONS, and once it answers hears the 200 again", async () => {
  await using server = await films();
  using alice = await RawUdp.open(server.port);
  const lines = ["Content-Type: application/sdp", ALLOW, CONTACT(alice.port)];
  alice.send(rawRequest({ method: "INVITE", uri: `sip:films@127.0.0.1:${server.port}`, lines, body: SDP }));

  let asked = await alice.next();
  while (!asked.startsWith("OPTIONS ")) asked = await alice.next();
  const copied = asked.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
  alice.send(["SIP/2.0 404 Not Found", ...copied, "Content-Length: 0", "", ""].join("\r\n"));

  const next: string[] = [];
  while (next.length < 3) next.push(await alice.next());
  assert.ok(
    next.every((text) => text.startsWith("SIP/2.0 200 ") && /CSeq: 1 INVITE/.test(text)),
    next.join("\n"),
  );
});

test("who acknowledged gets everything, however much it is", async () => {
  await using server = await films();
  using alice = await RawUdp.open(server.port);
  const uri = `sip:films@127.0.0.1:${server.port}`;
  const lines = ["Content-Type: application/sdp", CONTACT(alice.port)];
  alice.send(rawRequest({ method: "INVITE", callId: "join", uri, lines, body: SDP }));
  const ok = await alice.answerTo("join");
  const to = /^To: .*$/m.exec(ok)?.[0] ?? "";
  alice.send(rawRequest({ method: "ACK", callId: "join", uri, to }));

  const watch = ["Event: presence", CONTACT(alice.port)];
  alice.send(rawRequest({ method: "SUBSCRIBE", callId: "watch", uri, lines: watch }));

  let notifies = 0;
  while (notifies < 5) if ((await alice.next()).startsWith("NOTIFY ")) notifies++;
});
