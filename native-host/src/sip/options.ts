/** OPTIONS: what we can do, in a dialog or outside (RFC 3261 §11). */
import { type Core, SUPPORTED } from "./core.ts";
import type { ServerTransaction } from "./stack.ts";

export function answerOptions(core: Core, transaction: ServerTransaction): void {
  const headers = { allow: core.allow, accept: "application/sdp", supported: SUPPORTED.join(", ") };
  core.respond(transaction, 200, { headers });
}
