import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Inbound } from "../../native-host/src/sip/inbound.ts";
import { DEFAULT_LIMITS, RateLimit } from "../../native-host/src/sip/limits.ts";
import { rawRequest } from "../support/raw-sip.ts";

/** What gets through, by method. */
function inbound() {
  const heard: string[] = [];
  const refused: number[] = [];
  const gate = new Inbound({
    codec: { parse: () => ({ headers: {} }), stringify: () => "" },
    limits: DEFAULT_LIMITS,
    onMessage: (message) => heard.push("method" in message ? message.method : String(message.status)),
    onRefusal: (refusal) => refused.push("status" in refusal ? refusal.status : 0),
    onError: assert.fail,
  });
  const from = (port: number, text: string) =>
    gate.datagram(Buffer.from(text), { protocol: "UDP", address: "127.0.0.1", port });
  return { heard, refused, from };
}

describe("a datagram", () => {
  test("from port 0 is nobody's: neither heard nor answered", () => {
    const { heard, refused, from } = inbound();

    from(0, rawRequest());
    from(0, rawRequest({ cseq: "CSeq: 1 BYE" }));
    from(5060, rawRequest());

    assert.deepEqual(heard, ["OPTIONS"]);
    assert.deepEqual(refused, []);
  });

  test("of line ends keeps a NAT open and means nothing", () => {
    const { heard, refused, from } = inbound();

    from(5060, "\r\n\r\n");
    from(5060, `\r\n${rawRequest()}`);

    assert.deepEqual(heard, ["OPTIONS"]);
    assert.deepEqual(refused, []);
  });
});

describe("a source that sends a lot", () => {
  test("has its burst, then its rate; others have theirs", () => {
    let now = 0;
    const rate = new RateLimit({ ...DEFAULT_LIMITS, messagesPerSecond: 10, burst: 3 }, () => now);
    const admitted = (address: string) => [1, 2, 3, 4].filter(() => rate.admit(address)).length;

    assert.equal(admitted("10.0.0.1"), 3);
    assert.equal(admitted("10.0.0.2"), 3);
    now = 200;
    assert.equal(admitted("10.0.0.1"), 2);
    now = 100_000;
    assert.equal(admitted("10.0.0.1"), 3);
  });

  test("from ever new addresses does not make us remember them all", () => {
    const rate = new RateLimit({ ...DEFAULT_LIMITS, burst: 1 }, () => 0);

    assert.equal(rate.admit("first"), true);
    assert.equal(rate.admit("first"), false);
    for (let count = 0; count < 10_000; count++) rate.admit(`address ${count}`);

    assert.equal(rate.admit("first"), true);
  });
});
