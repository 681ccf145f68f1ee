/** The states of a REFER we sent, from the question to the last report (RFC 3515 §2.4.4). */
import type { Table } from "./machine.ts";

export type ReferralState = "asked" | "reporting" | "told" | "over";
export type ReferralEvent = "report" | "outcome" | "silent" | "gone";

export interface ReferralClocks {
  readonly t1: number;
  /** How long the peer promised to report. */
  readonly reportMs: () => number;
}

/**
 *     asked ──report──▶ reporting ──outcome──▶ told ──last report, silence──▶ over
 *       ├─────────────────outcome────────────────▲                             ▲
 *       └──────── refused, no reports, silence, last report ───────────────────┘
 */
export function referralStates({ t1, reportMs }: ReferralClocks): Table<ReferralState, ReferralEvent> {
  const on = { outcome: "told", silent: "over", gone: "over" } as const;
  return {
    // Two spans of 64*T1: one for the answer to the REFER, one for the first NOTIFY (RFC 6665 §4.1.2).
    asked: { on: { ...on, report: "reporting" }, after: { ms: 128 * t1, event: "silent" } },
    reporting: {
      on: { ...on, report: "reporting" },
      // The last NOTIFY comes when the time is over, and may be lost a few times.
      after: { ms: () => reportMs() + 64 * t1, event: "silent" },
      rewind: "report",
    },
    // The last word is said, though not yet as the last one.
    told: { on: { ...on, report: "told" }, after: { ms: 64 * t1, event: "silent" } },
    over: { on: {} },
  };
}
