import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isRtcp, readRtp, sequenceAhead, timestampAhead, writeRtp } from "#rtp/packet.ts";

const fields = { payloadType: 0, marker: true, sequence: 65_535, timestamp: 4_294_967_295, ssrc: 0xfedcba98 };
const payload = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]);

describe("an RTP packet", () => {
  test("reads back what was written", () => {
    const packet = writeRtp(fields, payload);

    assert.deepEqual(readRtp(packet), { ...fields, payloadStart: 12, payloadEnd: 20 });
    assert.deepEqual(packet.subarray(12), payload);
  });

  test("leaves contributing sources, extension and padding out of the payload", () => {
    const packet = Buffer.concat([
      Buffer.from([0xb1]),
      writeRtp(fields, Buffer.alloc(0)).subarray(1),
      Buffer.from([0, 0, 0, 7, 0xbe, 0xde, 0, 1, 9, 9, 9, 9]),
      payload,
      Buffer.from([0, 0, 3]),
    ]);

    const header = readRtp(packet);

    assert.deepEqual(packet.subarray(header?.payloadStart, header?.payloadEnd), payload);
  });

  test("is refused when a length points outside of it", () => {
    const whole = writeRtp(fields, payload);
    const withFirstByte = (first: number) => Buffer.concat([Buffer.from([first]), whole.subarray(1)]);

    assert.equal(readRtp(whole.subarray(0, 11)), undefined, "short header");
    assert.equal(readRtp(withFirstByte(0x40)), undefined, "version 1");
    assert.equal(readRtp(withFirstByte(0x8f)), undefined, "15 contributing sources");
    assert.equal(readRtp(withFirstByte(0x90)), undefined, "extension of 1286 words");
    const padded = withFirstByte(0xa0);
    padded[19] = 9;
    assert.equal(readRtp(padded), undefined, "9 bytes of padding in 8");
    padded[19] = 0;
    assert.equal(readRtp(padded), undefined, "padding of nothing");
    padded[19] = 8;
    assert.equal(readRtp(padded)?.payloadEnd, 12, "nothing but padding");
  });

  test("is not mistaken for RTCP, nor RTCP for it", () => {
    const senderReport = Buffer.concat([Buffer.from([0x80, 200]), Buffer.alloc(26)]);

    assert.equal(isRtcp(senderReport), true);
    assert.equal(readRtp(senderReport), undefined);
    assert.equal(isRtcp(writeRtp(fields, payload)), false);
  });

  test("no bytes whatever make reading throw or a payload lie outside", () => {
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 16;
    };
    for (let round = 0; round < 20_000; round++) {
      const packet = Uint8Array.from({ length: random() % 64 }, random);
      if (packet.length > 1) packet[0] = (random() & 0x3f) | 0x80;
      const header = readRtp(packet);
      if (header) assert.ok(header.payloadStart <= header.payloadEnd && header.payloadEnd <= packet.length);
    }
  });
});

test("sequence numbers and timestamps are compared across their wrap", () => {
  assert.equal(sequenceAhead(2, 65_534), 4);
  assert.equal(sequenceAhead(65_534, 2), -4);
  assert.equal(timestampAhead(100, 4_294_967_196), 200);
  assert.equal(timestampAhead(4_294_967_196, 100), -200);
});
