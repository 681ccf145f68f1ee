/** Which states a call goes through, and on what. */
import type { CallState } from "../api/call-control.ts";

/**
 * The life of a call as the user sees it.
 *
 *     choosing ─▶ calling-device ─▶ dialing ─▶ ringing ─▶ active ◀─▶ switching
 *     incoming ─────▲    │ │           └──────────────────▲   ▲         ▲
 *                        │ └──────────────────────────────┘   └▶ held ◀─┘
 *                        └─▶ transferred ◀─▶ switching, or active: a device of ours took it over
 *     each of them ─▶ ended
 */
const NEXT = {
  choosing: { chosen: "calling-device", over: "ended" },
  incoming: { chosen: "calling-device", over: "ended" },
  "calling-device": {
    answered: "dialing",
    rings: "ringing",
    connected: "active",
    handed: "transferred",
    over: "ended",
  },
  dialing: { rings: "ringing", connected: "active", handed: "transferred", over: "ended" },
  ringing: { connected: "active", handed: "transferred", over: "ended" },
  active: { moves: "switching", holds: "held", connected: "active", over: "ended" },
  held: { moves: "switching", resumes: "active", over: "ended" },
  // Rings at the new far end too, but the user is still in the old one.
  switching: { connected: "active", holds: "held", handed: "transferred", over: "ended" },
  transferred: { moves: "switching", connected: "active", over: "ended" },
  ended: {},
} as const satisfies Record<CallState, Partial<Record<CallEvent, CallState>>>;

export type CallEvent =
  | "chosen"
  | "answered"
  | "rings"
  | "connected"
  | "moves"
  | "holds"
  | "resumes"
  | "handed"
  | "over";

/** The state after `event`, or undefined where it changes nothing. */
export function after(state: CallState, event: CallEvent): CallState | undefined {
  const row: Partial<Record<CallEvent, CallState>> = NEXT[state];
  return row[event];
}

/** States in which the device is in the call. */
export const ON_THE_LINE: readonly CallState[] = ["dialing", "ringing", "active", "held", "switching"];
/** States in which there is somebody to put on hold. */
export const HOLDABLE: readonly CallState[] = ["active", "held", "switching"];
