import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isTalking } from "../../../servers/conference/talkers.ts";

const report = (talkers: string): string =>
  `<?xml version="1.0" encoding="utf-8"?><MediaServerControl version="1.0"><notification><conference uniqueid="films" numtalkers="1">${talkers}</conference></notification></MediaServerControl>`;

describe("The mixer's report", () => {
  test("says who talks", () => {
    const talkers = report('<activetalkers><talker callid="alice-leg"/></activetalkers>');

    assert.equal(isTalking(talkers, "alice-leg"), true);
    assert.equal(isTalking(talkers, "bob-leg"), false);
  });

  test("says that nobody talks", () => {
    assert.equal(isTalking(report("<activetalkers/>"), "alice-leg"), false);
  });

  test("says nothing about talkers when it is about something else", () => {
    assert.equal(isTalking(report(""), "alice-leg"), undefined);
    assert.equal(isTalking("<MediaServerControl><request/></MediaServerControl>", "alice-leg"), undefined);
  });

  test("is refused when it is not XML", () => {
    assert.throws(() => isTalking("talking!", "alice-leg"));
  });
});
