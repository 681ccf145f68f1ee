import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { conferenceId } from "../../../servers/conference/conference-id.ts";

describe("The URI of a conference", () => {
  test("names it by its user part", () => {
    assert.equal(conferenceId("sip:films-42@127.0.0.1:5080"), "films-42");
    assert.equal(
      conferenceId("sip:p1-psc2k2qyiyqhvabic5nky4trogzwwmaf@conf.example.com"),
      "p1-psc2k2qyiyqhvabic5nky4trogzwwmaf",
    );
    assert.equal(conferenceId(`sip:${"x".repeat(64)}@127.0.0.1`), "x".repeat(64));
  });

  test("names none when the user part is missing, too long or not a plain word", () => {
    const others = [
      "",
      `${"x".repeat(65)}@`,
      "films%20new@",
      "films=1@",
      "conf=films@",
      "-films@",
      "films;x@",
    ];
    for (const user of others) assert.equal(conferenceId(`sip:${user}127.0.0.1`), undefined, user);
  });
});
