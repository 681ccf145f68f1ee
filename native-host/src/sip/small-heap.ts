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
const LOOK_MS = 1_000;
/** Less than this is not worth a full collection. */
const WORTH_BYTES = 16 << 20;
/** A process is quiet that uses less than this part of a core. */
const QUIET = 0.15;
/** A call nobody acknowledged is ended after 64*T1, and nobody answers that BYE for as long again; and a little. */
const FORGOTTEN_MS = 66_000;

/**
 * V8 collects when there is something to allocate: what a flood leaves behind would stay until the next one. It is given
 * back as soon as there is time, and once more when the last of it is forgotten.
 */
function giveBackWhenQuiet(): void {
  let swept = process.memoryUsage.rss();
  let before = { at: performance.now(), used: process.cpuUsage() };
  let busyAt: number | undefined;
  const look = () => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(before.used);
    const part = (user + system) / 1000 / (now - before.at);
    before = { at: now, used: process.cpuUsage() };
    if (part > QUIET) {
      busyAt = now;
      return;
    }
    const forgotten = busyAt !== undefined && now - busyAt > FORGOTTEN_MS;
    if (!forgotten && process.memoryUsage.rss() < swept + WORTH_BYTES) return;
    if (forgotten) busyAt = undefined;
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
