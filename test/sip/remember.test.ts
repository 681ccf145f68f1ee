import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { remembering } from "../../native-host/src/sip/remember.ts";

describe("what was read of an address", () => {
  let asked: string[] = [];
  const length = remembering((text) => {
    asked.push(text);
    return text === "nobody" ? undefined : text.length;
  });

  beforeEach(() => {
    asked = [];
  });

  test("is kept for the next message", () => {
    assert.deepEqual([length("alice"), length("alice")], [5, 5]);
    assert.deepEqual(asked, ["alice"]);
  });

  test("is read anew when there was nothing in it", () => {
    assert.deepEqual([length("nobody"), length("nobody")], [undefined, undefined]);
    assert.equal(asked.length, 2);
  });

  test("is not kept when it is long or no Unicode text", () => {
    for (const text of ["a".repeat(201), "alice\udc80"])
      assert.deepEqual([length(text), length(text)], [text.length, text.length]);
    assert.equal(asked.length, 4);
  });

  test("is kept when it is as long as was said", () => {
    const texts: string[] = [];
    const long = remembering((text) => texts.push(text), 10, 300);
    for (const length of [300, 300, 301, 301]) long("a".repeat(length));
    assert.deepEqual(
      texts.map((text) => text.length),
      [300, 301, 301],
    );
  });

  test("is forgotten once two thousand others came", () => {
    length("desk");
    for (let i = 0; i < 2000; i++) length(`phone${i}`);
    asked = [];
    length("desk");
    length("phone1999");
    assert.deepEqual(asked, ["desk"]);
  });
});
