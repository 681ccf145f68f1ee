/** The states of a subscription at both ends (RFC 6665 §4.1, §4.2). */
import type { Table } from "./machine.ts";

export type SubscriptionState = "notify-wait" | "active" | "refreshing" | "ending" | "ended";
export type SubscriptionEvent =
  | "notify"
  | "accepted"
  | "refused"
  | "timer-n"
  | "due"
  | "terminated"
  | "leave"
  | "closed";

export interface SubscriptionClocks {
  /** Timer N: how long a SUBSCRIBE waits for its first NOTIFY, 64 * T1 (RFC 6665 §4.1.2). */
  readonly timerN: number;
  /** From the grant of a subscription to its refresh. */
  readonly refreshAfterMs: () => number;
}

/**
 * The subscriber's side of one event package; `pending` counts as active.
 *
 *     notify-wait ──NOTIFY──▶ active ──due──▶ refreshing ──2xx──▶ active
 *          └──── refused, timer N, terminated ──▶ ended ◀── terminated, timer N ── ending ◀── leave
 */
export function subscriptionStates(clocks: SubscriptionClocks): Table<SubscriptionState, SubscriptionEvent> {
  const timerN = { ms: clocks.timerN, event: "timer-n" } as const;
  const lost = { refused: "ended", terminated: "ended", closed: "ended", leave: "ending" } as const;
  return {
    "notify-wait": { on: { ...lost, notify: "active", "timer-n": "ended" }, after: timerN },
    active: {
      on: { ...lost, notify: "active", accepted: "active", due: "refreshing" },
      get after() {
        return { ms: clocks.refreshAfterMs(), event: "due" } as const;
      },
      // A NOTIFY of a busy roster must not put off the refresh; a new grant must.
      rewind: "accepted",
    },
    refreshing: {
      on: { ...lost, notify: "refreshing", accepted: "active", "timer-n": "ended" },
      after: timerN,
    },
    ending: {
      on: { notify: "ending", refused: "ended", terminated: "ended", "timer-n": "ended", closed: "ended" },
      after: timerN,
    },
    ended: { on: {} },
  };
}

export type NotifierState = "active" | "ended";
export type NotifierEvent = "refreshed" | "expired" | "unsubscribed" | "lost" | "terminated" | "closed";

/** The notifier's side; each refresh starts the time to expiry anew. */
export function notifierStates(expiresAfterMs: () => number): Table<NotifierState, NotifierEvent> {
  return {
    active: {
      on: {
        refreshed: "active",
        expired: "ended",
        unsubscribed: "ended",
        lost: "ended",
        terminated: "ended",
        closed: "ended",
      },
      get after() {
        return { ms: expiresAfterMs(), event: "expired" } as const;
      },
      rewind: "refreshed",
    },
    ended: { on: {} },
  };
}
