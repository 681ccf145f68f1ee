import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FrameReader, frame, MAX_FRAME_BYTES, NulReader } from "../../native-host/src/api/framing.ts";

/** What a reader delivered and refused, in order. */
function record() {
  const seen: string[] = [];
  return {
    seen,
    handlers: {
      onDocument: (text: string) => void seen.push(text),
      onRefused: (why: string) => void seen.push(`refused: ${why}`),
    },
  };
}

function framed(json: string): Buffer {
  const body = Buffer.from(json);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

describe("Documents between NUL bytes", () => {
  test("come out whole wherever the stream was cut", () => {
    const stream = Buffer.from('<Ping req="1"/>\0\0<Join display="Zoë \u{1F3AC}"/>\0<Leave/>');
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const { seen, handlers } = record();
      const reader = new NulReader(handlers);
      reader.push(stream.subarray(0, cut));
      reader.push(stream.subarray(cut));
      reader.end();
      assert.deepEqual(seen, ['<Ping req="1"/>', '<Join display="Zoë \u{1F3AC}"/>', "<Leave/>"]);
    }
  });

  test("are held to 64 KiB, and the one after is read", () => {
    const { seen, handlers } = record();
    const reader = new NulReader(handlers);
    for (let sent = 0; sent < 2 ** 20; sent += 1024) reader.push(Buffer.alloc(1024, "x"));
    reader.push(Buffer.from("\0<Ping/>\0"));
    assert.deepEqual(seen, ["refused: the document is longer than 65536 bytes", "<Ping/>"]);
  });

  test("are refused when they are not UTF-8", () => {
    const { seen, handlers } = record();
    new NulReader(handlers).push(Buffer.from([0x3c, 0xff, 0xfe, 0]));
    assert.deepEqual(seen, ["refused: it is not UTF-8"]);
  });
});

describe("Frames of native messaging", () => {
  test("come out whole wherever the stream was cut", () => {
    const stream = Buffer.concat([framed('"<Ping/>"'), framed(JSON.stringify('<Join display="Zoë"/>'))]);
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const { seen, handlers } = record();
      const reader = new FrameReader(handlers);
      reader.push(stream.subarray(0, cut));
      reader.push(stream.subarray(cut));
      assert.deepEqual(seen, ["<Ping/>", '<Join display="Zoë"/>']);
    }
  });

  test("come out whole byte by byte", () => {
    const { seen, handlers } = record();
    const reader = new FrameReader(handlers);
    for (const byte of framed('"<Ping/>"')) reader.push(Buffer.of(byte));
    assert.deepEqual(seen, ["<Ping/>"]);
  });

  test("are skipped when they are too long, without being kept", () => {
    const { seen, handlers } = record();
    const reader = new FrameReader(handlers);
    const long = framed(JSON.stringify("x".repeat(300_000)));
    for (let at = 0; at < long.length; at += 1000) reader.push(long.subarray(at, at + 1000));
    reader.push(framed('"<Ping/>"'));
    assert.deepEqual(seen, ["refused: the document is longer than 65536 bytes", "<Ping/>"]);
  });

  for (const json of ["{}", "1", "null", '"unfinished', "<Ping/>", '["<Ping/>"]']) {
    test(`are refused when they hold ${json}`, () => {
      const { seen, handlers } = record();
      new FrameReader(handlers).push(framed(json));
      assert.deepEqual(seen, ["refused: the message is not a string in JSON"]);
    });
  }

  test("cannot smuggle a second document behind a NUL", () => {
    const { seen, handlers } = record();
    new FrameReader(handlers).push(framed(JSON.stringify("<Ping/>\0<Leave all='true'/>")));
    assert.deepEqual(seen, ["refused: control characters are not allowed"]);
  });

  test("are not written when a browser would not take them", () => {
    assert.equal(frame("x".repeat(MAX_FRAME_BYTES)), undefined);
    assert.deepEqual(frame("<Ping/>"), framed('"<Ping/>"'));
  });
});
