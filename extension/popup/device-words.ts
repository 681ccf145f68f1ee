/** Devices in words. */
import type { DeviceView } from "../messages.ts";

const KINDS: Readonly<Record<string, string>> = {
  web: "Microphone and loudspeaker of this browser",
  softphone: "Program on this computer",
  sip: "Telephone on the network",
  pstn: "Telephone number",
  http: "Desk telephone",
};

const STATES: Readonly<Record<string, string>> = {
  busy: ", in a call",
  ringing: ", ringing",
  offline: ", not there",
};

/** What a device is, whether it is free, and what becomes of a call that it takes. */
export function describeDevice({ kind, state, caps }: DeviceView): string {
  const takesOver = caps.length > 0 && !caps.includes("loop") ? "; takes the call over" : "";
  return (KINDS[kind] ?? "Device") + (STATES[state] ?? "") + takesOver;
}
