/** Waits for something that tells no event of its own. */
import { setTimeout } from "node:timers/promises";

const LOOK_EVERY_MS = 10;

/** Resolves when `holds` first says so; rejects, naming `what`, after `timeoutMs`. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 15_000,
): Promise<void> {
  const startedAt = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedAt > timeoutMs)
      throw new Error(`not seen within ${timeoutMs} ms: ${what}`);
    await setTimeout(LOOK_EVERY_MS);
  }
}

/** As `promise`; rejects, naming `what`, when that takes longer than `timeoutMs`, so that a test that waits in vain fails. */
export async function within<Value>(
  promise: Promise<Value>,
  what: string,
  timeoutMs = 15_000,
): Promise<Value> {
  const late = new AbortController();
  const missed = setTimeout(timeoutMs, undefined, { signal: late.signal }).then(() => {
    throw new Error(`not seen within ${timeoutMs} ms: ${what}`);
  });
  missed.catch(() => undefined);
  try {
    return await Promise.race([promise, missed]);
  } finally {
    late.abort();
  }
}
