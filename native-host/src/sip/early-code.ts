/** Has the code that reads and answers messages compiled to its best form early: it is the same for every message. */
import { setFlagsFromString } from "node:v8";

/**
 * V8 makes its best code of a function after thousands of calls, for most functions are never called as often. Here the
 * first thousands of messages would be read at three times the cost; what is compiled too early is rarely thrown away
 * again, as one message is like the other.
 */
export function compileEarly(): void {
  setFlagsFromString("--invocation-count-for-turbofan=500");
}
