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
}

function sweep(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  setFlagsFromString("--no-expose-gc");
}
