/** Requests as a proxy's tests send them by hand. */
import type { SipRequest } from "#sip/message.ts";

export interface ProxyRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: string;
}

/** One of alice's, in a call of its own unless the headers name one. */
export function alices({ method, uri, headers = {}, content = "" }: ProxyRequest): SipRequest {
  return {
    method,
    uri,
    headers: {
      via: [],
      from: { uri: "sip:alice@example.com", params: { tag: "alices" } },
      to: { uri, params: {} },
      "call-id": `a-call-${Math.random()}`,
      cseq: { seq: 1, method },
      "max-forwards": "70",
      ...headers,
    },
    content,
  };
}
