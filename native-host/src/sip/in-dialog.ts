/** The requests of a dialog that are not about its session, and what the leg's owner says to them (RFC 3261 §12.2.2). */
import type { Core } from "./core.ts";
import { extraHeaders } from "./header-values.ts";
import type { InDialogAnswer, LegHandlers } from "./leg.ts";
import type { SipRequest } from "./message.ts";
import type { ServerTransaction } from "./stack.ts";

/** Hands a request to the leg's owner and sends back what it says; 501 when it says nothing. */
export async function askOwner(
  core: Core,
  handlers: LegHandlers,
  transaction: ServerTransaction,
): Promise<void> {
  const answer = await ownersAnswer(core, handlers, transaction.request);
  const type = new Map(Object.entries(answer.headers ?? {})).get("content-type") ?? "text/plain";
  core.respond(transaction, answer.status, {
    reason: answer.reason,
    headers: extraHeaders(answer.headers),
    body: { type, content: answer.content ?? "" },
  });
}

async function ownersAnswer(core: Core, handlers: LegHandlers, request: SipRequest): Promise<InDialogAnswer> {
  if (!handlers.onRequest) return { status: 501 };
  try {
    return await handlers.onRequest(request);
  } catch (error) {
    return { status: core.statusOf(error) };
  }
}
