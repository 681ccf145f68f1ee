import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Codec, g711 } from "#rtp/g711.ts";

const codecs: Codec[] = ["PCMU", "PCMA"];
const encode = (codec: Codec, sample: number) => g711[codec].encode[sample & 65_535] ?? -1;
const decode = (codec: Codec, code: number) => g711[codec].decode[code] ?? Number.NaN;

describe("G.711", () => {
  test("decodes the code words every phone knows", () => {
    assert.deepEqual(
      [0x00, 0x80, 0x7f, 0xff, 0x8f, 0x70].map((code) => decode("PCMU", code)),
      [-32_124, 32_124, 0, 0, 16_764, -120],
    );
    assert.deepEqual(
      [0xd5, 0x55, 0xaa, 0x2a, 0x80].map((code) => decode("PCMA", code)),
      [8, -8, 32_256, -32_256, 5504],
    );
  });

  test("gives every code word back but the negative zero of PCMU", () => {
    for (const codec of codecs) {
      for (let code = 0; code < 256; code++) {
        const again = encode(codec, decode(codec, code));
        assert.equal(again, codec === "PCMU" && code === 0x7f ? 0xff : code, `${codec} ${code}`);
      }
    }
  });

  test("is never further from a sample than half a step, and louder never sounds quieter", () => {
    for (const codec of codecs) {
      for (let sample = -32_768; sample < 32_768; sample++) {
        const error = Math.abs(decode(codec, encode(codec, sample)) - sample);
        const clipped = Math.max(0, Math.abs(sample) - 32_256);
        assert.ok(
          error <= Math.max(8, (Math.abs(sample) + 132) / 32) + clipped,
          `${codec} ${sample}: ${error}`,
        );
        const next = decode(codec, encode(codec, Math.min(32_767, sample + 1)));
        assert.ok(next >= decode(codec, encode(codec, sample)));
      }
    }
  });

  test("encodes PCMU as the IEEE float trick does, for all samples", () => {
    const float = new Float32Array(1);
    const bits = new Int32Array(float.buffer);
    for (let sample = -32_768; sample < 32_768; sample++) {
      float[0] = Math.min(Math.abs(sample), 32_635) + 132;
      const magnitude = ((bits[0] ?? 0) >> 19) - (134 << 4);
      assert.equal(encode("PCMU", sample), ~((sample < 0 ? 128 : 0) | magnitude) & 255);
    }
  });

  test("silence is silence", () => {
    assert.equal(g711.PCMU.silence, 0xff);
    assert.equal(g711.PCMA.silence, 0xd5);
  });
});
