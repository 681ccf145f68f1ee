/** Keeps a process that reads messages all day small: what a message leaves behind is dead before the next one is read. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * V8 lets the part of its heap for new objects grow from 2 to 128 MB under load and never shrink while messages come;
 * the part for old ones it lets grow fourfold before it looks what is dead in there. Here the first stays as it is and
 * the second grows by two fifths at most (promise B1): at a quarter a call cost a quarter more.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=40");
  // The limit of the old part is that of a young process, up to 256 MB, until it was swept for the first time.
  sweep();
  // A message that is kept for its retransmission would keep all others of its pool.
  Buffer.poolSize = 0;
  giveBackWhenQuiet();
}

/** How often it is looked whether there is something to give back. */
const LOOK_MS = 5_000;
/** Less than this is not worth a full collection. */
const WORTH_BYTES = 16 << 20;
/** A process is quiet that works less than this part of the time: one that repeats its last words after a flood does. */
const QUIET = 0.15;

/** V8 collects when there is something to allocate: what a flood leaves behind would stay until the next one. */
function giveBackWhenQuiet(): void {
  let swept = process.memoryUsage.rss();
  let before = performance.eventLoopUtilization();
  const look = () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > QUIET || process.memoryUsage.rss() < swept + WORTH_BYTES) return;
    sweep();
    swept = process.memoryUsage.rss();
  };
  setInterval(look, LOOK_MS).unref();
}

function sweep(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  setFlagsFromString("--no-expose-gc");
}
