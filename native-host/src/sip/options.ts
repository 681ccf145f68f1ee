/** OPTIONS: what we can do, in a dialog or outside; whoever cannot be called now says so as to an INVITE (RFC 3261 §11). */
import type { Core } from "./core.ts";
import { recvInfo } from "./info.ts";
import type { LegHandlers } from "./leg.ts";
import type { SipHeaders } from "./message.ts";
import { reasonOf } from "./response.ts";
import type { ServerTransaction } from "./stack.ts";
import { isSipUri } from "./uri.ts";

/** Outside a dialog the owner may say what an INVITE would get; inside one, `handlers` are the leg's. */
export function answerOptions(core: Core, transaction: ServerTransaction, handlers?: LegHandlers): void {
  const { uri } = transaction.request;
  const status = handlers || !isSipUri(uri) ? 200 : (core.owner.inviteStatus?.(uri) ?? 200);
  core.respond(transaction, status, {
    reason: reasonOf(status),
    headers: { ...abilities(core, handlers), ...(status === 503 && { "retry-after": "10" }) },
  });
}

function abilities(core: Core, handlers: LegHandlers | undefined): Partial<SipHeaders> {
  const accept = ["application/sdp"];
  if (core.owner.onMessage || handlers?.onMessage) accept.push("text/plain");
  return {
    allow: core.allow,
    accept: accept.join(", "),
    "accept-encoding": "identity",
    "accept-language": "en",
    supported: core.supported.join(", "),
    ...(core.events !== "" && { "allow-events": core.events }),
    ...recvInfo(handlers),
  };
}
