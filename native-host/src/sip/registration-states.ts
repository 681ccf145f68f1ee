/** The states of one account at its registrar (RFC 3261 §10.2, RFC 5626 §4.5). */
import type { Table } from "./machine.ts";

export type RegistrationPhase = "registering" | "registered" | "refreshing" | "failed" | "leaving" | "off";
export type RegistrationEvent =
  | "accepted"
  | "refused"
  | "too-brief"
  | "due"
  | "moved"
  | "lost"
  | "leave"
  | "done";

export interface RegistrationClocks {
  /** From the registrar's grant to the next REGISTER. */
  readonly refreshAfterMs: () => number;
  /** From a failure to the next attempt. */
  readonly retryAfterMs: () => number;
}

/**
 *     registering ──2xx──▶ registered ──due──▶ refreshing ──2xx──▶ registered
 *          └──refused──▶ failed ──due──▶ registering        any ──leave──▶ leaving ──done──▶ off
 *
 * A network that changed (`moved`) begins anew from anywhere; a connection that was `lost` at once waits a while.
 */
export function registrationStates(clocks: RegistrationClocks): Table<RegistrationPhase, RegistrationEvent> {
  const asking = {
    accepted: "registered",
    refused: "failed",
    moved: "registering",
    leave: "leaving",
  } as const;
  return {
    registering: { on: { ...asking, "too-brief": "registering" } },
    registered: {
      on: { due: "refreshing", moved: "registering", lost: "failed", leave: "leaving" },
      after: { ms: () => clocks.refreshAfterMs(), event: "due" },
    },
    refreshing: { on: { ...asking, "too-brief": "refreshing" } },
    failed: {
      on: { due: "registering", moved: "registering", leave: "off" },
      after: { ms: () => clocks.retryAfterMs(), event: "due" },
    },
    leaving: { on: { done: "off" } },
    off: { on: {} },
  };
}
