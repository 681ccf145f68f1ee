import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type MissedCall, MissedCalls } from "../../native-host/src/service/missed-calls.ts";
import { House } from "../support/house.ts";

const BOB = {
  call: "c1",
  id: "sip:bob@example.com",
  dir: "in",
  state: "ended",
  mode: "loop",
  focus: false,
  muted: false,
} as const;

describe("Missed calls", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "partyline-missed-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const written = (): readonly MissedCall[] =>
    JSON.parse(readFileSync(join(folder, "missed-calls.json"), "utf8"));

  test("of a flood are written once a second, and none is lost", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const missed = new MissedCalls(folder);

    for (let at = 0; at < 50; at += 1) missed.add(BOB, new Date(at));

    assert.deepEqual([written().length, missed.all.length], [1, 50]);
    t.mock.timers.tick(1000);
    assert.deepEqual([written().length, missed.all.length], [50, 50]);
  });

  test("are all written when the service ends", () => {
    const missed = new MissedCalls(folder);
    for (let at = 0; at < 3; at += 1) missed.add(BOB, new Date(at));

    missed.flush();

    assert.deepEqual(written(), missed.all);
    assert.equal(written().length, 3);
  });

  test("that were forgotten do not come back", () => {
    const missed = new MissedCalls(folder);
    for (let at = 0; at < 3; at += 1) missed.add(BOB, new Date(at));

    missed.clear();
    missed.flush();

    assert.deepEqual(written(), []);
  });
});

test("The end of the service has its missed calls written", async (t) => {
  const house = new House();
  const flush = t.mock.method(house.missed, "flush");

  await house.service.close();

  assert.equal(flush.mock.callCount(), 1);
});
