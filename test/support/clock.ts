/** Time on node:test's mocked timers, in steps so small that a clock started by another one fires on time. */
import { mock } from "node:test";

const STEP_MS = 100;

/** Lets `ms` pass; `mock.timers` must be enabled for setTimeout. */
export function pass(ms: number): void {
  for (let left = ms; left > 0; left -= STEP_MS) mock.timers.tick(Math.min(left, STEP_MS));
}
