import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_LIMITS } from "../../../native-host/src/sip/limits.ts";
import { type Frame, Framer } from "../../../native-host/src/sip/transport/framer.ts";

const limits = { ...DEFAULT_LIMITS, headBytes: 200, bodyBytes: 100 };
const message = (body: string, head = "OPTIONS sip:desk@h SIP/2.0") =>
  Buffer.from(`${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

/** What the frames say, in a word each. */
function told(frames: readonly Frame[]): string[] {
  return frames.map((frame) => {
    if (frame.name === "message") return `message ${frame.body.toString()}`;
    return frame.name === "fault" ? `fault ${frame.status} ${frame.reason}` : frame.name;
  });
}

const framed = (...chunks: readonly (string | Buffer)[]) => {
  const framer = new Framer(limits);
  return told(chunks.flatMap((chunk) => framer.push(Buffer.from(chunk))));
};

describe("a stream of messages", () => {
  test("is cut where each Content-Length says", () => {
    assert.deepEqual(framed(Buffer.concat([message("one"), message(""), message("three")])), [
      "message one",
      "message ",
      "message three",
    ]);
  });

  test("is the same whatever pieces it comes in", () => {
    const whole = Buffer.concat([
      message("one"),
      Buffer.from("\r\n\r\n"),
      message("två"),
      message("x".repeat(100)),
    ]);
    const expected = ["message one", "ping", "message två", `message ${"x".repeat(100)}`];

    for (const size of [1, 2, 3, 7, 50, 64, 1000]) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < whole.length; at += size) pieces.push(whole.subarray(at, at + size));
      assert.deepEqual(framed(...pieces), expected, `pieces of ${size}`);
    }
  });

  test("knows the short name, odd case, space and folding of Content-Length", () => {
    for (const line of [
      "l: 2",
      "L : 2",
      "CONTENT-LENGTH:2",
      "Content-Length:\r\n  2",
      "content-length \t:\t2",
    ]) {
      assert.deepEqual(framed(`BYE sip:h SIP/2.0\r\n${line}\r\n\r\nok`), ["message ok"], line);
    }
  });

  test("may begin with line ends; two of them are a ping, answered once however many come", () => {
    assert.deepEqual(framed("\r\n", message("a")), ["message a"]);
    assert.deepEqual(framed("\r\n\r\n", message("a")), ["ping", "message a"]);
    assert.deepEqual(framed("\r\n", "\r\n"), ["ping"]);
    assert.deepEqual(framed("\r\n\r\n".repeat(1000)), ["ping"]);
  });

  const faults = [
    ["no Content-Length", "BYE sip:h SIP/2.0\r\n\r\n"],
    ["a word for a length", "BYE sip:h SIP/2.0\r\nContent-Length: abc\r\n\r\n"],
    ["a negative length", "BYE sip:h SIP/2.0\r\nContent-Length: -1\r\n\r\n"],
    ["a hexadecimal length", "BYE sip:h SIP/2.0\r\nContent-Length: 0x10\r\n\r\n"],
    ["a plus before the length", "BYE sip:h SIP/2.0\r\nContent-Length: +1\r\n\r\n"],
    ["two lengths", "BYE sip:h SIP/2.0\r\nContent-Length: 1\r\nl: 1\r\n\r\n"],
    ["an endless length", `BYE sip:h SIP/2.0\r\nContent-Length: ${"9".repeat(30)}\r\n\r\n`],
  ] as const;
  for (const [what, bytes] of faults) {
    test(`ends at ${what}, and nothing after it counts`, () => {
      assert.deepEqual(framed(bytes, message("hidden")), ["fault 400 Bad content-length"]);
    });
  }

  test("ends at a head that grows too long, even if it never ends", () => {
    assert.deepEqual(framed("x".repeat(100), "x".repeat(104)), []);
    assert.deepEqual(framed("x".repeat(100), "x".repeat(105)), ["fault 400 Head Too Long"]);
    assert.deepEqual(framed(`${"x".repeat(201)}\r\n\r\n`), ["fault 400 Head Too Long"]);
  });

  test("ends at a body too large to keep", () => {
    assert.deepEqual(framed("BYE sip:h SIP/2.0\r\nContent-Length: 101\r\n\r\n"), [
      "fault 513 Message Too Large",
    ]);
  });

  test("gives bytes that later pieces do not overwrite", () => {
    const framer = new Framer(limits);
    const [first, ...rest] = [message("first"), message("other")].flatMap((bytes) => {
      framer.push(bytes.subarray(0, 10));
      return framer.push(bytes.subarray(10));
    });

    assert.equal(first?.name === "message" && first.body.toString(), "first");
    assert.equal(rest.length, 1);
  });

  test("says how much it keeps of a message that is not yet whole", () => {
    const framer = new Framer(limits);

    framer.push(Buffer.from("\r\n"));
    assert.equal(framer.unfinishedBytes, 0);
    framer.push(message("a").subarray(0, 20));
    assert.equal(framer.unfinishedBytes, 20);
    framer.push(message("a").subarray(20));
    assert.equal(framer.unfinishedBytes, 0);
  });
});
