/** Waits for a phone that was just started: OPTIONS until it answers (RFC 3261 §11). */

import { setTimeout as delay } from "node:timers/promises";
import type { SipResponse, SipUri } from "../sip/message.ts";

/** The user agent's requests outside a dialog. */
export interface Requester {
  request(method: string, target: SipUri, options: { readonly timeoutMs: number }): Promise<SipResponse>;
}

const PROBE_MS = 150;
const PAUSE_MS = 30;

/** Rejects when the signal aborts. */
export async function untilReachable(agent: Requester, address: SipUri, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const { status } = await agent.request("OPTIONS", address, { timeoutMs: PROBE_MS });
    if (status !== 408 && status !== 503) return;
    await delay(PAUSE_MS, undefined, { signal });
  }
}
