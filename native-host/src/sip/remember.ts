/** The same few addresses stand in every message of a call: what was read of a text is kept for when it comes again. */
import { apart } from "./bytes.ts";

const MOST = 1000;
const LONGEST = 200;

/**
 * `read`, asked once for the texts it saw last: `most` in each of two generations, of which the older goes when the
 * younger is full. What it gives must be frozen; undefined is not remembered, nor is what comes of a text that is longer
 * than `longest`.
 */
export function remembering<Value>(
  read: (text: string) => Value | undefined,
  most = MOST,
  longest = LONGEST,
) {
  let recent = new Map<string, Value>();
  let before = new Map<string, Value>();
  return (text: string): Value | undefined => {
    const known = recent.get(text) ?? before.get(text);
    if (known !== undefined || text.length > longest || !text.isWellFormed()) return known ?? read(text);
    const own = apart(text);
    const value = read(own);
    if (value === undefined) return undefined;
    if (recent.size >= most) [before, recent] = [recent, new Map()];
    recent.set(own, value);
    return value;
  };
}
