import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readRtpRange } from "../../../servers/media-server/rtp-range.ts";

describe("The ports for media", () => {
  test("are a range with both its ends, from its first even port on, or any free ones", () => {
    assert.deepEqual(readRtpRange("40000-49999"), { first: 40_000, last: 49_999 });
    assert.deepEqual(readRtpRange("40001-40002"), { first: 40_002, last: 40_002 });
    assert.deepEqual(readRtpRange("40000"), { first: 40_000, last: 40_000 });
    assert.deepEqual(readRtpRange("0"), { first: 0, last: 0 });
  });

  test("are refused with a sentence when they are none", () => {
    for (const text of ["", "5-4", "0-49999", "40001", "1-2-3", "40000-70000", "-5", "4e4", "0x10", "a-b"])
      assert.throws(() => readRtpRange(text), /--rtp .* is no range of ports/, text);
  });
});
