/** Random tokens nobody can guess, from a store of randomness: asking the system for each would cost more than reading a message. */
import { randomFillSync } from "node:crypto";

const store = Buffer.alloc(4096);
let used = store.length;

/** `bytes` random bytes as hexadecimal digits. */
export function randomHex(bytes: number): string {
  if (used + bytes > store.length) {
    randomFillSync(store);
    used = 0;
  }
  used += bytes;
  return store.toString("hex", used - bytes, used);
}
