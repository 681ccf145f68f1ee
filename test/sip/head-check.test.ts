import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkHead, readEcho } from "../../native-host/src/sip/head-check.ts";
import { DEFAULT_LIMITS } from "../../native-host/src/sip/limits.ts";
import { SipError } from "../../native-host/src/sip/sip-error.ts";

const GOOD = [
  "INVITE sip:films@127.0.0.1 SIP/2.0",
  "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1",
  "From: Alice <sip:alice@example.org>;tag=a",
  "To: <sip:films@example.org>",
  "Call-ID: 1@example.org",
  "CSeq: 1 INVITE",
];
const check = (lines: readonly string[]) => checkHead(lines.join("\r\n"), DEFAULT_LIMITS);
const plus = (...lines: readonly string[]) => [...GOOD, ...lines];
/** The good head with the line of the same name replaced. */
const instead = (line: string) => {
  const name = line.slice(0, line.indexOf(":") + 1);
  return GOOD.map((good) => (good.startsWith(name) ? line : good));
};

describe("the head of a message", () => {
  test("is read into what the stack needs of it", () => {
    const head = check(
      plus("Contact: <sip:alice@127.0.0.1>;q=1", "Route: <sip:p;lr>", "Route: <sip:q;lr>", "l: 3"),
    );

    assert.deepEqual(head.start, { name: "request", method: "INVITE", uri: "sip:films@127.0.0.1" });
    assert.deepEqual(head.cseq, { seq: 1, method: "INVITE" });
    assert.deepEqual(
      head.route?.map((route) => route.uri),
      ["sip:p;lr", "sip:q;lr"],
    );
    assert.equal(head.contentLength, 3);
  });

  test("may use every short name there is", () => {
    const short = "a b c d e i j k o r s u x y".split(" ");
    const fields = check([
      ...GOOD.filter((line) => !line.startsWith("Call-ID")),
      ...short.map((name) => `${name}: 1`),
    ]).fields;

    assert.deepEqual([...fields.keys()].slice(4), [
      "accept-contact",
      "referred-by",
      "content-type",
      "request-disposition",
      "content-encoding",
      "call-id",
      "reject-contact",
      "supported",
      "event",
      "refer-to",
      "subject",
      "allow-events",
      "session-expires",
      "identity",
    ]);
  });

  test("may fold its lines, and repeat headers that are lists", () => {
    const { fields } = check(plus("Subject: one\r\n two", "Supported: replaces", "k: tdialog"));

    assert.equal(fields.get("subject"), "one two");
    assert.equal(fields.get("supported"), "replaces, tdialog");
  });

  test("may say Contact: * and nothing else in it", () => {
    assert.equal(check(plus("Contact: *")).contact, "*");
    assert.throws(() => check(plus("Contact: *, <sip:alice@h>")), { status: 400, reason: "Bad contact" });
  });

  test("keeps the method as written: RE%47ISTER is not REGISTER", () => {
    const lines = GOOD.map((line) => line.replace("INVITE", "RE%47ISTER"));

    assert.deepEqual(check(lines).cseq.method, "RE%47ISTER");
  });

  const faults = [
    [
      "another version of SIP",
      ["INVITE sip:films@h SIP/7.0", ...GOOD.slice(1)],
      505,
      "Version Not Supported",
    ],
    [
      "two spaces after the method",
      ["INVITE  sip:films@h SIP/2.0", ...GOOD.slice(1)],
      400,
      "Bad Request Line",
    ],
    [
      "angle brackets around the request URI",
      ["INVITE <sip:a@h> SIP/2.0", ...GOOD.slice(1)],
      400,
      "Bad Request Line",
    ],
    [
      "a request URI with an impossible port",
      ["INVITE sip:h:99999 SIP/2.0", ...GOOD.slice(1)],
      400,
      "Bad Request-URI",
    ],
    ["no colon in a header", plus("Subject"), 400, "Bad Header Name"],
    ["a space in a header name", plus("Sub ject: x"), 400, "Bad Header Name"],
    ["a header called __proto__", plus("__proto__: x"), 400, "Bad Header Name"],
    ["a header called Constructor", plus("Constructor: x"), 400, "Bad Header Name"],
    ["two From", plus("f: <sip:mallory@h>;tag=m"), 400, "Duplicate from"],
    ["two Call-ID", plus("i: 2"), 400, "Duplicate call-id"],
    ["two Content-Length", plus("l: 1", "Content-Length: 1"), 400, "Duplicate content-length"],
    ["no To", GOOD.filter((line) => !line.startsWith("To")), 400, "Missing to"],
    ["no Via", GOOD.filter((line) => !line.startsWith("Via")), 400, "Missing via"],
    [
      "a Via parameter called __proto__",
      instead("Via: SIP/2.0/UDP h;branch=z9hG4bKb;__proto__"),
      400,
      "Bad via",
    ],
    ["a From without its closing quote", instead('From: "Alice <sip:a@h>;tag=1'), 400, "Bad from"],
    ["a CSeq of another method", instead("CSeq: 1 BYE"), 400, "Bad CSeq"],
    ["a CSeq beyond 31 bits", instead("CSeq: 2147483648 INVITE"), 400, "Bad CSeq"],
    ["a CSeq in words", instead("CSeq: one INVITE"), 400, "Bad CSeq"],
    ["a malformed Contact", plus("Contact: <sip:a@h>;;;"), 400, "Bad contact"],
    ["a malformed Route", plus("Route: sip:p;lr,"), 400, "Bad route"],
    ["a Content-Length in words", plus("Content-Length: abc"), 400, "Bad content-length"],
    ["a body too large", plus("Content-Length: 999999999"), 513, "Message Too Large"],
    ["a bare line feed", plus("Subject: x\nRoute: <sip:mallory@h>"), 400, "Control Character"],
    ["a NUL", plus("Subject: \0"), 400, "Control Character"],
    ["a header of 5 KB", plus(`Subject: ${"x".repeat(5000)}`), 400, "Header Too Long"],
    ["a run of white space", plus(`Subject: a${" ".repeat(1000)}b`), 400, "Too Much White Space"],
    ["300 headers", plus(...Array.from({ length: 300 }, () => "k: x")), 400, "Too Many Headers"],
  ] as const;
  for (const [what, lines, status, reason] of faults) {
    test(`is refused for ${what}, and says so`, () => {
      assert.throws(() => check(lines), { name: SipError.name, status, reason });
    });
  }
});

describe("a refusal", () => {
  test("repeats what the request said of itself", () => {
    const echo = readEcho(instead("CSeq: 1 BYE").join("\r\n"));

    assert.equal(echo?.cseq, "1 BYE");
    assert.equal(echo?.from, "Alice <sip:alice@example.org>;tag=a");
    assert.equal(echo?.via[0]?.port, 5070);
  });

  test("is not possible without a Via, without a Call-ID, or for a response", () => {
    assert.equal(readEcho(instead("Via: x").join("\r\n")), undefined);
    assert.equal(readEcho(GOOD.filter((line) => !line.startsWith("Call-ID")).join("\r\n")), undefined);
    assert.equal(readEcho(["SIP/2.0 200 OK", ...GOOD.slice(1)].join("\r\n")), undefined);
  });

  test("repeats nothing that holds a line end or another control character", () => {
    assert.equal(readEcho(instead("Call-ID: 1\nVia: x").join("\r\n")), undefined);
  });
});
