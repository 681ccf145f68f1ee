import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { type Codec, decode, encode } from "../../native-host/src/sip/codec.ts";
import { checkHead } from "../../native-host/src/sip/head-check.ts";
import { DEFAULT_LIMITS } from "../../native-host/src/sip/limits.ts";

/** npm `sip`, which only stack.ts may import: here it is handed in as stack.ts does. */
const codec: Codec = createRequire(import.meta.url)("sip");
const HEAD = [
  "MESSAGE sip:desk@127.0.0.1 SIP/2.0",
  "Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1;rport",
  'From: "Alice" <sip:alice@example.org>;tag=a',
  "To: <sip:desk@example.org>",
  "Call-ID: 1@example.org",
];

function read(lines: readonly string[], body = "") {
  const head = checkHead([...HEAD, ...lines, "CSeq: 1 MESSAGE"].join("\r\n"), DEFAULT_LIMITS);
  return decode(codec, head, Buffer.from(body));
}
const written = (lines: readonly string[], body?: string) => encode(codec, read(lines, body)).toString();

describe("a message", () => {
  test("comes out as it went in", () => {
    const lines = ["Max-Forwards: 70", 'WWW-Authenticate: Digest realm="h"', "Subject: a, b: c"];

    assert.equal(
      written(lines),
      [...HEAD, ...lines, "CSeq: 1 MESSAGE", "Content-Length: 0", "", ""].join("\r\n"),
    );
  });

  test("keeps the headers nobody has heard of", () => {
    const text = written(["X-Film: comedies", "x-empty:", "%46rom: mallory", "ToString: 1"]);

    assert.match(text, /^X-Film: comedies\r$/m);
    assert.match(text, /^X-Empty: \r$/m);
    assert.match(text, /^%46rom: mallory\r$/im);
    assert.match(text, /^Tostring: 1\r$/im);
    assert.match(text, /^From: "Alice"/m);
  });

  test("counts the bytes of its body, not its letters", () => {
    assert.match(written([], "für Alice"), /^Content-Length: 10\r\n\r\nfür Alice$/m);
  });

  test("has its compact names written in full", () => {
    assert.match(written(["k: replaces", "o: conference"]), /^Supported: replaces\r\nEvent: conference\r$/m);
  });

  test("is not written when one of its headers would end early", () => {
    const message = read([]);
    for (const headers of [
      { subject: "a\r\nVia: x" },
      { "x-film": "a\nb" },
      { "x film": "a" },
      { "x:film": "a" },
    ]) {
      const changed = { ...message, headers: { ...message.headers, ...headers } };
      assert.throws(() => encode(codec, changed), { status: 503 });
    }
  });
});
