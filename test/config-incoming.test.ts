/** What the configuration says about calls that come in. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readConfig } from "../native-host/src/config.ts";
import { readIncoming } from "../native-host/src/config-incoming.ts";

describe("The section incoming", () => {
  test("has a sensible value for every key", () => {
    const usual = { ring: "all", eachS: 15, giveUpS: 45, doNotDisturb: false, onBusy: "ring" };

    assert.deepEqual(readConfig({ incoming: {} }).incoming, usual);
    assert.deepEqual(readIncoming(undefined), usual);
    assert.equal(readConfig({}).incoming, undefined);
  });

  test("is read as it is written", () => {
    const incoming = {
      ring: "in-turn",
      devices: ["kitchen", "web-0123abcd"],
      eachS: 3,
      giveUpS: 170,
      doNotDisturb: true,
      onBusy: "refuse",
      direct: false,
    };

    assert.deepEqual(readConfig({ incoming }).incoming, incoming);
  });
});
