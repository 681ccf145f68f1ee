/** The states of client transactions (RFC 3261 §17.1, RFC 6026 §8.4). */
import type { Table } from "./machine.ts";
import { giveUpAfterMs, type Timers } from "./timers.ts";

export type ClientState =
  | "calling"
  | "told-to-cancel"
  | "trying"
  | "proceeding"
  | "cancelling"
  | "accepted"
  | "completed"
  | "terminated";
export type ClientEvent =
  | "provisional"
  | "accepted"
  | "rejected"
  | "cancel"
  | "resend"
  | "timeout"
  | "failed"
  | "done";

export type ClientTable = Table<ClientState, ClientEvent>;

/** How long an INVITE may ring: timer C (RFC 3261 §16.6 step 11). */
const TIMER_C = 185_000;
const UNUSED = { on: {} } as const;

/**
 *     calling ──1xx──▶ proceeding ──cancel──▶ cancelling
 *        ├──2xx──▶ accepted (64*T1, every 2xx goes up) ──▶ terminated
 *        └──3xx-6xx──▶ completed (each one gets its ACK) ──▶ terminated
 */
export function inviteClientStates(timers: Timers, reliable: boolean): ClientTable {
  const finals = {
    accepted: "accepted",
    rejected: "completed",
    timeout: "terminated",
    failed: "terminated",
  } as const;
  const giveUp = { ms: giveUpAfterMs(timers), event: "timeout" } as const;
  const resend = { ms: timers.t1, capMs: Number.POSITIVE_INFINITY, event: "resend" } as const;
  return {
    calling: {
      on: { provisional: "proceeding", cancel: "told-to-cancel", resend: "calling", ...finals },
      after: giveUp,
      ...(reliable ? {} : { again: resend }),
    },
    // A CANCEL must not overtake its INVITE: it waits for a 1xx (§9.1).
    "told-to-cancel": {
      on: { provisional: "cancelling", resend: "told-to-cancel", ...finals },
      after: "same",
      again: "same",
    },
    proceeding: {
      on: { provisional: "proceeding", cancel: "cancelling", ...finals },
      after: { ms: TIMER_C, event: "timeout" },
      rewind: "provisional",
    },
    cancelling: { on: { provisional: "cancelling", ...finals }, after: giveUp },
    accepted: {
      on: { accepted: "accepted", failed: "terminated", done: "terminated" },
      after: { ...giveUp, event: "done" },
    },
    completed: {
      on: { rejected: "completed", failed: "terminated", done: "terminated" },
      after: { ms: reliable ? 0 : Math.max(32_000, giveUp.ms), event: "done" },
    },
    trying: UNUSED,
    terminated: UNUSED,
  };
}

/**
 *     trying ──1xx──▶ proceeding ──2xx-6xx──▶ completed (T4, absorbs copies) ──▶ terminated
 *        └──────────────2xx-6xx──────────────────▲
 */
export function requestClientStates(timers: Timers, reliable: boolean): ClientTable {
  const on = {
    accepted: "completed",
    rejected: "completed",
    timeout: "terminated",
    failed: "terminated",
  } as const;
  const resend = { ms: timers.t1, capMs: timers.t2, event: "resend" } as const;
  return {
    trying: {
      on: { provisional: "proceeding", resend: "trying", ...on },
      after: { ms: giveUpAfterMs(timers), event: "timeout" },
      ...(reliable ? {} : { again: resend }),
    },
    proceeding: {
      on: { provisional: "proceeding", resend: "proceeding", ...on },
      after: "same",
      ...(reliable ? {} : { again: { ...resend, ms: timers.t2, keeps: true } }),
    },
    completed: {
      on: { failed: "terminated", done: "terminated" },
      after: { ms: reliable ? 0 : timers.t4, event: "done" },
    },
    calling: UNUSED,
    "told-to-cancel": UNUSED,
    cancelling: UNUSED,
    accepted: UNUSED,
    terminated: UNUSED,
  };
}
