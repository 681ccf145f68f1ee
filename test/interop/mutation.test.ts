/** Broken messages against the real listeners: the process lives, stays small, and answers the next good request at once. */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { LISTENERS } from "../support/fuzz/listeners.ts";
import { residentMb } from "../support/fuzz/memory.ts";

/** More than 20,000 for the three of them; `npm run fuzz` sends a million to each. */
const COUNT = 7_000;
/** Compiled and cached is everything after so many. */
const WARM_UP = 1_000;
/** Promise B1. */
const MOST_GROWTH_MB = 50;
/** A listener that hangs does so for seconds; a busy machine may take some of this for itself. */
const AT_ONCE_MS = 1_000;

const CRASHES = new URL("../corpus/crashes/", import.meta.url);
const kept = existsSync(CRASHES) ? readdirSync(CRASHES).filter((name) => name.endsWith(".dat")) : [];

for (const [name, open] of Object.entries(LISTENERS)) {
  describe(`the ${name}`, () => {
    const seed = randomInt(2 ** 31);

    test(`survives ${COUNT} broken messages, seed ${seed}`, async (context) => {
      const listener = await open({ seed });
      context.after(() => listener.stop());
      const { fuzzer, program } = listener;

      await fuzzer.run(WARM_UP);
      const warmMb = residentMb(program.pid);
      const { slowestMs } = await fuzzer.run(COUNT);

      assert.ok(program.running);
      assert.ok(slowestMs < AT_ONCE_MS, `the slowest good answer took ${slowestMs} ms`);
      const growthMb = residentMb(program.pid) - warmMb;
      assert.ok(growthMb < MOST_GROWTH_MB, `grew by ${growthMb.toFixed(0)} MB`);
    });

    test("survives every message that once killed one", async (context) => {
      const listener = await open({ seed });
      context.after(() => listener.stop());

      for (const file of kept) await listener.fuzzer.replay(readFileSync(new URL(file, CRASHES)));
      await listener.fuzzer.answersGood();
    });
  });
}
