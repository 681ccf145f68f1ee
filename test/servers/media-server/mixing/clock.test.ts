import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Clock, TICK_MS } from "../../../../servers/media-server/mixing/clock.ts";

/** Time that goes on when a test says so. */
class Hours {
  at = 1_000;
  #next: { readonly due: number; readonly call: () => void } | undefined;

  now(): number {
    return this.at;
  }

  after(ms: number, call: () => void): () => void {
    const next = { due: this.at + ms, call };
    this.#next = next;
    return () => {
      if (this.#next === next) this.#next = undefined;
    };
  }

  /** What is due is called, late when `by` is long. */
  pass(by: number): void {
    this.at += by;
    const next = this.#next;
    if (!next || next.due > this.at) return;
    this.#next = undefined;
    next.call();
  }
}

function clocked(onTick: () => void = () => undefined) {
  const time = new Hours();
  const clock = new Clock(onTick, time);
  return { time, clock };
}

describe("The 20 ms clock", () => {
  test("stands until it is started, and then ticks every period", () => {
    const { time, clock } = clocked();
    time.pass(TICK_MS);
    clock.start();
    for (let n = 0; n < 3; n++) time.pass(TICK_MS);

    assert.deepEqual(clock.counters, { ticks: 3, late: 0, skipped: 0 });
  });

  test("makes up for a tick that came late by the next, and never replays what it missed", () => {
    const { time, clock } = clocked();
    clock.start();
    time.pass(TICK_MS + 12);
    time.pass(TICK_MS - 12);
    time.pass(3 * TICK_MS);

    assert.deepEqual(clock.counters, { ticks: 3, late: 2, skipped: 2 });
  });

  test("started twice it ticks once, and what a standstill took is not missed", () => {
    const { time, clock } = clocked();
    clock.start();
    clock.start();
    time.pass(TICK_MS);
    clock.stop();
    for (let n = 0; n < 50; n++) time.pass(TICK_MS);
    clock.start();
    time.pass(TICK_MS);

    assert.deepEqual(clock.counters, { ticks: 2, late: 0, skipped: 0 });
  });

  test("may be stopped by the tick itself", () => {
    const { time, clock } = clocked(() => clock.stop());
    clock.start();
    time.pass(TICK_MS);
    time.pass(TICK_MS);

    assert.equal(clock.counters.ticks, 1);
  });

  test("goes on after a tick that throws", () => {
    const { time, clock } = clocked(() => {
      throw new Error("no");
    });
    clock.start();
    assert.throws(() => time.pass(TICK_MS));
    assert.throws(() => time.pass(TICK_MS));

    assert.equal(clock.counters.ticks, 2);
  });
});
