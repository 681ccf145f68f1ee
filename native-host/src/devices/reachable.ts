/** Waits for a phone that was just started: OPTIONS until it answers (RFC 3261 §11). */

import { setTimeout as delay } from "node:timers/promises";
import type { SipResponse, SipUri } from "../sip/message.ts";

/** The user agent's requests outside a dialog. */
export interface Requester {
  request(method: string, target: SipUri, options: { readonly timeoutMs: number }): Promise<SipResponse>;
}

const PROBE_MS = 150;
const PAUSE_MS = 30;

/** Whether somebody answers at once, on this machine. */
export async function isReachable(agent: Requester, address: SipUri): Promise<boolean> {
  const { status } = await agent.request("OPTIONS", address, { timeoutMs: PROBE_MS });
  return status !== 408 && status !== 503;
}

/** Rejects when the signal aborts. */
export async function untilReachable(agent: Requester, address: SipUri, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await isReachable(agent, address)) return;
    await delay(PAUSE_MS, undefined, { signal });
  }
}
