/** What happens to calls that come in: who rings, for how long, and when nobody does. */

import { compact, type Section } from "./config-section.ts";

const RINGS = ["all", "in-turn", "none"] as const;
const WHEN_BUSY = ["ring", "refuse"] as const;

export interface IncomingConfig {
  /** `all`: the devices ring at once; `in-turn`: one after the other; `none`: they stay silent, and the call is only shown. */
  readonly ring: (typeof RINGS)[number];
  /** Ids of the devices that ring, first one first; all there are when missing. */
  readonly devices?: readonly string[];
  /** How long each device rings when they ring in turn, seconds. */
  readonly eachS: number;
  /** How long a caller waits before it is told that nobody answers, seconds. */
  readonly giveUpS: number;
  /** Nobody rings; the caller hears that the user is busy, and the call is kept as missed. */
  readonly doNotDisturb: boolean;
  /** What a call gets that comes in during another one. */
  readonly onBusy: (typeof WHEN_BUSY)[number];
  /** Whether calls are taken that come by no account; only where there is none when missing. */
  readonly direct?: boolean;
}

/** The least a person needs to hear a phone, and somewhat less than proxies wait (RFC 3261 §16.6 step 11). */
const SECONDS = [3, 170] as const;

/** Without a section: everything rings for three quarters of a minute. Throws the section's mistakes. */
export function readIncoming(incoming: Section | undefined): IncomingConfig {
  const read = {
    ring: incoming?.choice("ring", RINGS) ?? "all",
    eachS: incoming?.whole("eachS", SECONDS) ?? 15,
    giveUpS: incoming?.whole("giveUpS", SECONDS) ?? 45,
    doNotDisturb: incoming?.flag("doNotDisturb") ?? false,
    onBusy: incoming?.choice("onBusy", WHEN_BUSY) ?? "ring",
  };
  const optional = { devices: incoming?.ids("devices"), direct: incoming?.flag("direct") };
  incoming?.end();
  return { ...read, ...compact(optional) };
}
