import assert from "node:assert/strict";
import { test } from "node:test";
import { randomHex } from "../../native-host/src/sip/random.ts";

test("ten thousand tokens are all different, whole, and spread over all digits", () => {
  const tokens = new Set(Array.from({ length: 10_000 }, (_, i) => randomHex(i % 2 === 0 ? 8 : 12)));

  assert.equal(tokens.size, 10_000);
  for (const token of tokens) assert.match(token, /^(?:[0-9a-f]{16}|[0-9a-f]{24})$/);
  assert.equal(new Set([...tokens].map((token) => token[0])).size, 16);
});
