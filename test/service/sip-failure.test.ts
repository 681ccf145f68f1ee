import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SipError } from "#sip/sip-error.ts";
import { ServiceError } from "../../native-host/src/errors.ts";
import { asFailure, callFailure, goodbye } from "../../native-host/src/service/sip-failure.ts";

/** docs/xml-api.md, "Errors": what a far end's refusal is called. */
const NAMES: Readonly<Record<string, readonly number[]>> = {
  "authentication-failed": [401, 407],
  rejected: [403, 405, 420, 699],
  "not-found": [404, 410, 484, 604],
  "no-answer": [408, 480, 430],
  "media-mismatch": [415, 488, 606],
  busy: [486, 600],
  cancelled: [487],
  declined: [603, 607, 608],
  unreachable: [500, 502, 503, 504],
};

describe("A far end's refusal", () => {
  for (const [name, statuses] of Object.entries(NAMES)) {
    test(`${statuses.join(", ")} is ${name}`, () => {
      const codes = statuses.map((status) => callFailure("bob", new SipError(status, "No")).code);

      assert.deepEqual(
        codes,
        statuses.map(() => name),
      );
    });
  }

  test("carries what the peer answered, and a sentence", () => {
    const failure = asFailure(callFailure("sip:bob@example.com", new SipError(486, "Busy Here")));

    assert.deepEqual(failure, {
      code: "busy",
      sip: 486,
      reason: "Busy Here",
      detail: "sip:bob@example.com is busy.",
    });
  });

  test("in the middle of a call is told as it gave it, where it gave one", () => {
    const told = goodbye("sip:films@example.com", 'SIP;text="Removed from the conference"');

    assert.equal(told?.message, "sip:films@example.com ended the call: Removed from the conference.");
    assert.equal(goodbye("sip:films@example.com", "SIP;cause=200"), undefined);
  });

  test("that has a name already keeps it, and a mistake of ours is internal", () => {
    assert.equal(callFailure("bob", new ServiceError("device-busy", ["desk"])).code, "device-busy");
    assert.equal(callFailure("bob", new TypeError("x is not a function")).code, "internal");
  });
});
