import assert from "node:assert/strict";
import { describe, test } from "node:test";
import pino from "pino";
import { SipError } from "#sip/sip-error.ts";
import { redacting } from "../../servers/redaction.ts";

const KEY = Buffer.alloc(32, 7);

/** What a log of these fields and words is, line by line. */
function logged(...entries: readonly (readonly [object, string] | string)[]): string[] {
  const lines: string[] = [];
  const destination = redacting({ write: (line) => lines.push(line) }, KEY);
  const log = pino({ name: "conference" }, destination);
  for (const entry of entries) {
    if (typeof entry === "string") log.info(entry);
    else log.info(...entry);
  }
  return lines;
}

function said(text: string): string {
  const [line = ""] = logged(text);
  return JSON.parse(line).msg;
}

describe("A server's log", () => {
  test("has no telephone number, however it is written", () => {
    const numbers = [
      "+4930123456",
      "+49 30 123456",
      "+49 (30) 123-456",
      "tel:+49-30-123456",
      "tel:030123456;phone-context=+49",
      "sip:+4930123456@example.com;user=phone",
      "sips:030123456@[2001:db8::1]:5061",
      "004930123456",
      "030123456",
      "030/123456",
      "0171 1234567",
    ];
    for (const number of numbers) {
      const text = said(`called ${number}, and again ${number}`);
      assert.doesNotMatch(text, /123|456/, text);
      assert.match(text, /^called .*~[0-9a-f]{8}.*, and again /);
    }
  });

  test("has no name and no user part of an address", () => {
    const texts = [
      '"Alice Example" <sip:alice@example.com>;tag=1',
      "Alice Example <sip:alice@example.com>",
      "sip:alice@example.com",
      "sip:alice:pa55word@example.com",
      "SIP:Alice@EXAMPLE.com;transport=tcp",
      "alice@example.com",
      "mailto:alice@example.com im:alice@example.com pres:alice@example.com",
      '"Alice \\"the\\" Example" <sips:alice@example.com>',
      "sip:%61lice.alice+x@example.com",
      "alice-0123456789abcdef",
      "sip:alice-0123456789abcdef@conference.example",
    ];
    for (const text of texts) assert.doesNotMatch(said(text), /alice|pa55word|0123456789abcdef/i, text);
  });

  test("has no PIN, token or proof of a password", () => {
    const texts = [
      "sip:films@example.com;pin=4711",
      "sip:films@example.com;token=abcdefgh;lr",
      'INVITE sip:films@x SIP/2.0\r\nAuthorization: Digest username="a", response="0123abcd4711"\r\n',
    ];
    for (const text of texts) assert.doesNotMatch(said(text), /4711|abcdefgh/, text);
    const [line = ""] = logged([{ pin: "4711", token: "abcdefgh", tokens: ["abcdefgh"] }, "set up"]);
    assert.doesNotMatch(line, /4711|abcdefgh/);
  });

  test("keeps what a fault is found by: addresses, ports, conferences, times, counts and statuses", () => {
    const text =
      "503 Service Unavailable from 192.168.100.200:5060 and [2001:db8::1]:5061 after 12345 ms in films at 2026-11-23T03:12:06.123Z, z9hG4bK1234567890abcdef";
    assert.equal(said(text), text);
    const fields = { conference: "films", participants: 1234567890, mixer: "sip:127.0.0.1:5090", port: 5080 };
    const [line = ""] = logged([fields, "participant joined"]);
    const { conference, participants, mixer, port, name } = JSON.parse(line);
    assert.deepEqual({ conference, participants, mixer, port }, fields);
    assert.equal(name, "conference");
  });

  test("calls the same person the same, and two differently, in one run", () => {
    const [first, second, other] = logged(
      "sip:alice@example.com came",
      "alice@example.com left",
      "sip:bob@example.com came",
    ).map((line) => /~[0-9a-f]{8}/.exec(line)?.[0]);
    assert.ok(first);
    assert.equal(first, second);
    assert.notEqual(first, other);
  });

  test("goes through errors with their causes and stacks, lists, keys and whatever is deep", () => {
    const cause = new SipError(404, "No sip:alice@example.com Here");
    const err = new Error("INVITE sip:alice@example.com failed", { cause });
    const deep: Record<string, unknown> = {
      users: [{ displayText: "Alice Example", aor: "sip:alice@example.com" }],
    };
    let inner = deep;
    for (let level = 0; level < 20; level++) {
      const next = { user: "alice" };
      inner["more"] = next;
      inner = next;
    }
    const [line = ""] = logged([{ err, deep, "sip:alice@example.com": 1, names: new Map() }, "failed"]);
    assert.doesNotMatch(line, /alice/i);
    assert.match(line, /INVITE sip:~[0-9a-f]{8}@example\.com failed/);
  });

  test("is one line for each event whatever somebody's text has in it, and never takes long", () => {
    const odd = [
      "a\nb",
      '"}{"level":60',
      "\u0000\u001b[31m",
      "@".repeat(20_000),
      "sip:".repeat(20_000),
      `"${"a ".repeat(20_000)}<`,
    ];
    const startedAt = performance.now();
    const lines = logged(...odd);
    const took = performance.now() - startedAt;
    assert.equal(lines.length, odd.length);
    for (const line of lines) assert.equal(line.trimEnd().includes("\n"), false);
    assert.ok(took < 1_000, `${took} ms`);
  });

  test("has what is no JSON without people, too", () => {
    const lines: string[] = [];
    redacting({ write: (line) => lines.push(line) }, KEY).write("odd sip:alice@example.com\n");
    assert.match(lines[0] ?? "", /^odd sip:~[0-9a-f]{8}@example\.com\n$/);
  });
});
