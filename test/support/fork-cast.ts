/** The transaction of one branch. */
export class Sent {
  readonly branch: string;
  readonly cancel: () => void;

  constructor(branch: string, cancel: () => void) {
    this.branch = branch;
    this.cancel = cancel;
  }
}

/** Alice's request at the proxy, and phones that answer its copies by hand. */
import type { Hop, SipRequest, SipResponse } from "#sip/message.ts";
import { buildResponse, makeUp } from "#sip/response.ts";
import type { ServerTransaction } from "#sip/stack.ts";
import { Fork } from "../../servers/proxy/fork.ts";
import type { Target } from "../../servers/proxy/routing.ts";

const SOURCE: Hop = { protocol: "UDP", address: "192.0.2.7", port: 5060 };

function request(method: string, headers: Record<string, unknown> = {}): SipRequest {
  return {
    method,
    uri: "sip:bob@example.com",
    headers: {
      via: [],
      from: { uri: "sip:alice@example.com", params: { tag: "alices" } },
      to: { uri: "sip:bob@example.com", params: {} },
      "call-id": "a-call",
      cseq: { seq: 1, method },
      ...headers,
    },
    content: "",
  };
}

interface Options {
  readonly method?: string;
  readonly headers?: Record<string, unknown>;
  readonly redirects?: Readonly<Record<string, readonly string[]>>;
}

/** Alice's request at the proxy for these groups of phones, and what each phone gets and says. */
export function alice(groups: readonly (readonly (string | Target)[])[], options: Options = {}) {
  const asked = request(options.method ?? "INVITE", options.headers);
  const heard: string[] = [];
  const called: string[] = [];
  const breadths: number[] = [];
  const responses: SipResponse[] = [];
  const phones = new Map<string, (response: SipResponse) => void>();
  const transaction: ServerTransaction = {
    request: asked,
    source: SOURCE,
    respond: (response) => {
      responses.push(response);
      heard.push(`${response.status}`);
    },
    close: () => undefined,
  };
  const targets = groups.map((group) => group.map((one) => (typeof one === "string" ? { uri: one } : one)));
  const fork = new Fork(transaction, targets, {
    stack: {
      send: (sent, onResponse, hop) => {
        const name = hop ? `${sent.uri} over ${hop.port}` : sent.uri;
        called.push(name);
        phones.set(name, onResponse);
        return new Sent(name, () => called.push(`CANCEL ${name}`));
      },
    },
    mark: "mark",
    copy: ({ uri, flow }, breadth) => {
      breadths.push(breadth);
      return { request: { ...asked, uri }, hop: flow };
    },
    redirect: (response) =>
      (options.redirects?.[String(response.headers["contact"])] ?? []).map((uri) => ({ uri })),
  });
  const say = (phone: string, response: SipResponse) => phones.get(phone)?.(response);
  return {
    fork,
    heard,
    called,
    breadths,
    responses,
    says: (phone: string, status: number, headers: Record<string, unknown> = {}) =>
      say(phone, buildResponse(asked, status, { headers })),
    fails: (phone: string, status = 503, reason = "Not Sent") => say(phone, makeUp(asked, status, reason)),
    cancels: () => transaction.onCancel?.(),
  };
}
