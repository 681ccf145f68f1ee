import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Hop } from "#sip/message.ts";
import { DialogMark, neighbourhood } from "../../../servers/proxy/relay-rule.ts";

describe("The proxy", () => {
  test("relays for this machine", () => {
    const isNear = neighbourhood("127.0.0.1");

    assert.ok(isNear("127.0.0.1"));
    assert.ok(isNear("::1"));
  });

  test("does not relay for the rest of the world", () => {
    for (const address of ["127.0.0.1", "0.0.0.0"]) {
      const isNear = neighbourhood(address);
      for (const stranger of ["203.0.113.7", "203.0.113.7", "2001:db8::7"])
        assert.equal(isNear(stranger), false);
    }
  });

  test("knows the dialogs it is in by a mark that others cannot make", () => {
    const marks = new DialogMark();

    assert.deepEqual(marks.read("a-call", marks.of("a-call")), {});
    assert.equal(marks.read("a-call", marks.of("another-call")), undefined);
    assert.equal(marks.read("a-call", new DialogMark().of("a-call")), undefined);
    assert.equal(marks.read("a-call", undefined), undefined);
    assert.equal(marks.read("a-call", "alice"), undefined);
  });

  test("knows the connection of a phone by the mark, and believes no other", () => {
    const marks = new DialogMark();
    const flow: Hop = { protocol: "WS", address: "2001:db8::7", port: 40_000 };
    const mark = marks.of("a-call", flow);
    const forged = Buffer.from(JSON.stringify({ ...flow, port: 5060 })).toString("base64url");

    assert.deepEqual(marks.read("a-call", mark), { flow });
    assert.equal(marks.read("a-call", mark.slice(0, 20) + forged), undefined);
    assert.equal(marks.read("a-call", mark.slice(0, 20)), undefined);
    assert.match(mark, /^[\w-]+$/);
  });
});
