/** A phone that listens to NOTIFY of its SIP server, whoever that is here. */

import type { SipUri } from "#sip/message.ts";
import { makeResponse, type Stack } from "#sip/stack.ts";
import { desk } from "../desk.ts";

export interface Notified {
  readonly event: unknown;
  readonly type: unknown;
  readonly body: string;
}

export interface NotifiedPhone extends AsyncDisposable {
  readonly stack: Stack;
  readonly uri: SipUri;
  readonly heard: Notified[];
}

/** `status` is what it answers to NOTIFY. */
export async function notifiedPhone(userAgent: string, status = 200): Promise<NotifiedPhone> {
  const heard: Notified[] = [];
  const stack = await desk({
    onRequest: (request, transaction) => {
      const { event, "content-type": type, to } = request.headers;
      const isNotify = request.method === "NOTIFY";
      if (isNotify) heard.push({ event, type, body: request.content });
      const headers = { to: { ...to, params: { tag: "phone" } }, "user-agent": userAgent };
      transaction.respond(makeResponse(request, isNotify ? status : 200, undefined, headers));
    },
  });
  const uri: SipUri = `sip:desk@127.0.0.1:${stack.port}`;
  return { stack, uri, heard, [Symbol.asyncDispose]: () => stack.close() };
}
