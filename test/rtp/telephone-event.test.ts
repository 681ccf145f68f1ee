import assert from "node:assert/strict";
import { describe, type MockTimers, test } from "node:test";
import { eventOf, eventReport, LONGEST_KEY_MS, pressKey } from "#rtp/telephone-event.ts";

const never = new AbortController().signal;

/** Presses a key on a clock of its own; resolves with its reports. */
async function pressed(clock: MockTimers, durationMs: number, signal = never): Promise<Buffer[]> {
  const reports: Buffer[] = [];
  clock.enable({ apis: ["setInterval"] });
  const over = pressKey({ event: 1, durationMs, signal }, (report) => reports.push(report));
  for (let ms = 0; ms < durationMs + 100; ms += 20) clock.tick(20);
  await over;
  return reports;
}

describe("A key", () => {
  test("has the number of RFC 4733, in either case, and others have none", () => {
    assert.deepEqual([..."0159*#ADd"].map(eventOf), [0, 1, 5, 9, 10, 11, 12, 15, 15]);
    assert.deepEqual(["", "x", "12", ","].map(eventOf), [undefined, undefined, undefined, undefined]);
  });

  test("is reported in four bytes: event, end and volume, duration", () => {
    assert.equal(eventReport(11, 800, false).toString("hex"), "0b0a0320");
    assert.equal(eventReport(11, 800, true).toString("hex"), "0b8a0320");
  });

  test("has a duration that 16 bits hold, however long it is pressed", async (t) => {
    const reports = await pressed(t.mock.timers, LONGEST_KEY_MS);

    const durations = reports.map((report) => report.readUInt16BE(2));
    assert.equal(durations.at(-1), 64_000);
    assert.equal(durations.length, LONGEST_KEY_MS / 20 + 2);
    assert.ok(durations.every((samples, index) => index === 0 || samples >= (durations[index - 1] ?? 0)));
  });

  test("that is no multiple of 20 ms ends when it ends", async (t) => {
    const reports = await pressed(t.mock.timers, 50);

    assert.deepEqual(
      reports.map((report) => report.toString("hex")),
      ["010a00a0", "010a0140", "018a0190", "018a0190", "018a0190"],
    );
  });

  test("that is given up is released at once", async (t) => {
    const reports = await pressed(t.mock.timers, 1000, AbortSignal.abort());

    assert.deepEqual(
      reports.map((report) => report.toString("hex")),
      ["018a00a0", "018a00a0", "018a00a0"],
    );
  });
});
