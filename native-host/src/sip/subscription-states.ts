/** The states of a subscription at both ends (RFC 6665 §4.1, §4.2). */
import type { Table } from "./machine.ts";

export type SubscriptionState =
  | "notify-wait"
  | "active"
  | "refreshing"
  | "lost"
  | "pausing"
  | "ending"
  | "ended";
export type SubscriptionEvent =
  | "notify"
  | "granted"
  | "held"
  | "failed"
  | "timer-n"
  | "due"
  | "again"
  | "over"
  | "retry"
  | "leave"
  | "closed";

export interface SubscriptionClocks {
  /** Timer N: how long a SUBSCRIBE waits for its first NOTIFY, 64 * T1 (RFC 6665 §4.1.2). */
  readonly timerN: number;
  /** From the grant of a subscription to its refresh, or from a refresh put off to the next try. */
  readonly refreshAfterMs: () => number;
  /** From the loss of a subscription to the SUBSCRIBE for a new one. */
  readonly pauseMs: () => number;
}

/**
 * The subscriber's side of one event package; `pending` counts as active. Whoever is lost is judged at once: it is over,
 * or asks anew after a pause.
 *
 *     notify-wait ──NOTIFY──▶ active ──due──▶ refreshing ──2xx, put off──▶ active
 *        ▲  └────── failed, timer N ───▶ lost ◀── failed ┘
 *        └──retry── pausing ◀──again─────┴──over──▶ ended ◀── last NOTIFY, timer N ── ending ◀── leave
 */
export function subscriptionStates(clocks: SubscriptionClocks): Table<SubscriptionState, SubscriptionEvent> {
  const timerN = { ms: clocks.timerN, event: "timer-n" } as const;
  const out = { failed: "lost", closed: "ended", leave: "ending" } as const;
  return {
    "notify-wait": { on: { ...out, notify: "active", "timer-n": "lost" }, after: timerN },
    active: {
      on: { ...out, notify: "active", granted: "active", due: "refreshing" },
      after: { ms: () => clocks.refreshAfterMs(), event: "due" },
      // A NOTIFY of a busy roster must not put off the refresh; a new grant must.
      rewind: "granted",
    },
    refreshing: {
      on: { ...out, notify: "refreshing", granted: "active", held: "active", "timer-n": "lost" },
      after: timerN,
    },
    lost: { on: { again: "pausing", over: "ended" } },
    pausing: {
      on: { retry: "notify-wait", leave: "ended", closed: "ended" },
      after: { ms: () => clocks.pauseMs(), event: "retry" },
    },
    ending: {
      on: { notify: "ending", failed: "ended", "timer-n": "ended", closed: "ended" },
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
      after: { ms: () => expiresAfterMs(), event: "expired" },
      rewind: "refreshed",
    },
    ended: { on: {} },
  };
}
