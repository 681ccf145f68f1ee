import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DialogMark, isNeighbour, neighbours } from "../../../servers/proxy/relay-rule.ts";

describe("The proxy", () => {
  test("relays for this machine", () => {
    const list = neighbours("127.0.0.1");

    assert.ok(isNeighbour(list, "127.0.0.1"));
    assert.ok(isNeighbour(list, "::1"));
  });

  test("does not relay for the rest of the world", () => {
    for (const address of ["127.0.0.1", "0.0.0.0"]) {
      assert.equal(isNeighbour(neighbours(address), "203.0.113.7"), false);
      assert.equal(isNeighbour(neighbours(address), "2001:db8::7"), false);
    }
  });

  test("knows the dialogs it is in by a mark that others cannot make", () => {
    const marks = new DialogMark();

    assert.ok(marks.matches("a-call", marks.of("a-call")));
    assert.equal(marks.matches("a-call", marks.of("another-call")), false);
    assert.equal(marks.matches("a-call", new DialogMark().of("a-call")), false);
    assert.equal(marks.matches("a-call", undefined), false);
  });
});
