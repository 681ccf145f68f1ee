/** Whether anybody is at an address that may be forged: the shortest request that every user agent answers (RFC 3261 §11). */
import type { Hop, SipRequest, Via } from "./message.ts";
import { randomHex } from "./random.ts";
import { newBranch } from "./transaction.ts";
import { bracketed } from "./uri.ts";

/** An OPTIONS of no transaction: nobody waits for its answer, whose branch only somebody who got it can know. */
export function question({ protocol, address, port }: Hop, { host, port: ownPort }: SentBy): SipRequest {
  const uri = `sip:${bracketed(address)}:${port}`;
  const own = ownPort === undefined ? `sip:${host}` : `sip:${host}:${ownPort}`;
  const via: Via = {
    version: "2.0",
    protocol,
    host,
    ...(ownPort !== undefined && { port: ownPort }),
    params: { branch: newBranch(), rport: null },
  };
  const headers = {
    via: [via],
    "max-forwards": 70,
    from: { uri: own, params: { tag: randomHex(4) } },
    to: { uri, params: {} },
    "call-id": randomHex(8),
    cseq: { seq: 1, method: "OPTIONS" },
  };
  return { method: "OPTIONS", uri, headers, content: "" };
}

interface SentBy {
  readonly host: string;
  readonly port?: number;
}
