import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { makeOffer } from "#sdp/offer-answer.ts";
import { Amplification } from "../../native-host/src/sip/amplification.ts";
import type { Hop, SipRequest } from "../../native-host/src/sip/message.ts";
import { buildResponse } from "../../native-host/src/sip/response.ts";
import { UserAgent, type UserAgentOptions } from "../../native-host/src/sip/user-agent.ts";
import { request } from "../support/desk.ts";
import { RawUdp, rawRequest } from "../support/raw-sip.ts";
import { until, within } from "../support/until.ts";

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

/** The victim, or somebody in his name, sent one request of that many bytes. */
function asked(method: string, bytes: number) {
  const amplification = new Amplification();
  const request = message(method);
  amplification.received(VICTIM, bytes);
  amplification.heard(request, VICTIM);
  return { amplification, request };
}

/** The same by INVITE, and the 200 with the tag "ours" took all he had paid for. */
function answered() {
  const { amplification, request: invite } = asked("INVITE", 100);
  assert.equal(amplification.admits(accepted(invite, "ours"), VICTIM, 300), true);
  return { amplification, invite };
}

describe("a source that may be forged", () => {
  test("draws three times its bytes and not one more", () => {
    const { amplification, request: options } = asked("OPTIONS", 100);

    assert.equal(amplification.admits(buildResponse(options, 200), VICTIM, 299), true);
    assert.equal(amplification.admits(buildResponse(options, 200), VICTIM, 2), false);
    assert.equal(amplification.admits(buildResponse(options, 200), VICTIM, 1), true);
  });

  test("is proved once it repeats the tag of a 200 to its INVITE", () => {
    const { amplification, invite } = answered();

    amplification.heard(message("ACK", "ours"), VICTIM);

    assert.equal(amplification.admits(accepted(invite, "ours"), VICTIM, 5000), true);
  });

  test("is asked as long as there is room for a goodbye after it, and proved by any answer", () => {
    const { amplification, request: invite } = asked("INVITE", 200);
    const question = message("OPTIONS");

    assert.equal(amplification.hasRoomToAsk(VICTIM), true);
    assert.equal(amplification.admitsQuestion(question, VICTIM, 271), false);
    assert.equal(amplification.admitsQuestion(question, VICTIM, 270), true);
    assert.equal(amplification.hasRoomToAsk(VICTIM), false);
    amplification.heard(buildResponse(question, 404), VICTIM);
    assert.equal(amplification.admits(accepted(invite, "ours"), VICTIM, 5000), true);
  });

  test("keeps room for four questions and a goodbye after a copy and after a large request", () => {
    const { amplification, request: invite } = asked("INVITE", 700);
    const room = 4 * 330 + 330;
    amplification.admits(accepted(invite, "ours"), VICTIM, 400);

    assert.equal(amplification.admits(accepted(invite, "ours"), VICTIM, 1701 - room), false);
    assert.equal(amplification.admits(accepted(invite, "ours"), VICTIM, 1700 - room), true);
    amplification.received(VICTIM, 1000);
    assert.equal(amplification.admits(message("NOTIFY", "theirs"), VICTIM, 3001), false);
    assert.equal(amplification.admits(message("NOTIFY", "theirs"), VICTIM, 3000), true);
    for (let n = 0; n < 4; n++)
      assert.equal(amplification.admitsQuestion(message("OPTIONS"), VICTIM, 330), true);
    assert.equal(amplification.admitsQuestion(message("OPTIONS"), VICTIM, 330), false);
    assert.equal(amplification.admits(message("BYE", "theirs"), VICTIM, 330), true);
  });

  test("hears a 100 only where the answer and four questions have room after it", () => {
    const { amplification, request: invite } = asked("INVITE", 1000);
    const trying = buildResponse(invite, 100);

    assert.equal(amplification.admits(trying, VICTIM, 351), false);
    assert.equal(amplification.admits(trying, VICTIM, 350), true);
    assert.equal(amplification.admits(accepted(invite, "ours"), VICTIM, 1000), true);
  });

  test("is proved by a Target-Dialog with the tag of our 200", () => {
    const { amplification, invite } = answered();
    const subscribe = message("SUBSCRIBE");
    const naming = (tag: string) => {
      const headers = { ...subscribe.headers, "target-dialog": `films;local-tag=theirs;remote-tag=${tag}` };
      return { ...subscribe, headers };
    };

    amplification.heard(naming("guessed"), VICTIM);
    assert.equal(amplification.admits(accepted(invite, "ours"), VICTIM, 5000), false);
    amplification.heard(naming("ours"), VICTIM);
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
    const { amplification } = asked("SUBSCRIBE", 100);
    const contact: Hop = { ...VICTIM, port: 6060 };

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

const OFFER = makeOffer({ address: "127.0.0.1", port: 4000, codecs: ["PCMU"], telephoneEvent: true });

/** A user agent that takes every call and every subscription. */
async function films(options: Partial<UserAgentOptions> = {}): Promise<UserAgent & AsyncDisposable> {
  const agent = await UserAgent.open({
    host: "127.0.0.1",
    port: 0,
    name: "Films",
    identity: { name: "Films" },
    timers: FAST,
    onInvite: (invite) => void invite.accept(OFFER),
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

test("a slow answer is announced by a 100 to whoever repeats a short INVITE, and not before", async () => {
  const answerMs = 400;
  await using server = await films({
    onInvite: (invite) =>
      setTimeout(() => {
        invite.accept(OFFER);
      }, answerMs),
  });
  for (const [times, first] of [
    [1, "SIP/2.0 200 OK"],
    [3, "SIP/2.0 100 Trying"],
  ] as const) {
    using alice = await RawUdp.open(server.port);
    const uri = `sip:films@127.0.0.1:${server.port}`;
    const lines = ["Content-Type: application/sdp", ALLOW, CONTACT(alice.port)];
    const invite = rawRequest({ method: "INVITE", uri, lines, body: SDP });
    for (let time = 0; time < times; time++) alice.send(invite);

    const heard = await within(alice.next(), first);

    assert.equal(heard.split("\r\n")[0], first);
  }
});

/** As phones have them that look for a way through a NAT. */
const CANDIDATES = [1, 2, 3, 4, 5, 6].map(
  (n) => `a=candidate:${n} 1 UDP 2130706431 192.0.2.${n} 5000 typ host generation 0 network-id ${n}\r\n`,
);

for (const [what, body, copies] of [
  ["a short INVITE", SDP, 0],
  ["a long INVITE", SDP + CANDIDATES.join(""), 1],
] as const) {
  test(`whoever answers nothing after ${what} is asked at least three times, told goodbye, and sent the 200 again only where that leaves room (${copies})`, async () => {
    await using server = await films();
    using alice = await RawUdp.open(server.port);
    const lines = ["Content-Type: application/sdp", ALLOW, CONTACT(alice.port)];

    alice.send(rawRequest({ method: "INVITE", uri: `sip:films@127.0.0.1:${server.port}`, lines, body }));

    const heard: string[] = [];
    while (!heard.at(-1)?.startsWith("BYE ")) heard.push(await within(alice.next(), "a goodbye"));
    const count = (start: string) => heard.filter((text) => text.startsWith(start)).length;
    assert.ok(count("OPTIONS ") >= 3, heard.join("\n"));
    assert.equal(count("SIP/2.0 200 "), 1 + copies, heard.join("\n"));
  });
}

/** What a phone says to a request it knows nothing about. */
function answer(asked: string): string {
  const copied = asked.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line));
  return ["SIP/2.0 404 Not Found", ...copied, "Content-Length: 0", "", ""].join("\r\n");
}

test("a phone whose ACKs were lost is asked with an OPTIONS, and once it answers hears the 200 again", async () => {
  await using server = await films();
  using alice = await RawUdp.open(server.port);
  const lines = ["Content-Type: application/sdp", ALLOW, CONTACT(alice.port)];
  alice.send(rawRequest({ method: "INVITE", uri: `sip:films@127.0.0.1:${server.port}`, lines, body: SDP }));

  alice.send(answer(await within(alice.nextThat("OPTIONS "), "a question")));

  const next: string[] = [];
  while (next.length < 3) next.push(await within(alice.next(), "a copy"));
  assert.ok(
    next.every((text) => text.startsWith("SIP/2.0 200 ") && /CSeq: 1 INVITE/.test(text)),
    next.join("\n"),
  );
});

test("a phone whose ACK and first three answers were lost gets a roster of several packets all the same", async () => {
  const roster = "x".repeat(3000);
  await using server = await films({
    onSubscribe: (subscribe) => {
      const notifier = subscribe.accept({ onRefresh: () => undefined, onEnded: () => undefined });
      void notifier.notify("text/plain", roster);
    },
  });
  using alice = await RawUdp.open(server.port);
  const uri = `sip:films@127.0.0.1:${server.port}`;
  const join = ["Content-Type: application/sdp", ALLOW, CONTACT(alice.port)];
  const watch = ["Event: presence", ALLOW, CONTACT(alice.port)];
  const invite = rawRequest({ method: "INVITE", uri, lines: join, body: SDP });
  for (const text of [invite, invite, rawRequest({ method: "SUBSCRIBE", uri, lines: watch })])
    alice.send(text);

  const next = (start: string) => within(alice.nextThat(start), start);
  for (let lost = 0; lost < 3; lost++) await next("OPTIONS ");
  alice.send(answer(await next("OPTIONS ")));

  assert.ok((await next("NOTIFY ")).endsWith(roster));
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
