/** What outlives the browser, kept in storage.local: who the user is, what each site may do, calls that were missed. */
import type { Choice, MissedView, Switches } from "../messages.ts";
import type { Sites } from "./consent.ts";
import type { Area, Kept } from "./memory.ts";

export interface Settings extends Switches {
  readonly sites: Sites;
  /** The name the user generally goes by; "" means to be a guest. */
  readonly identity: string;
  /** This browser's device id as a phone: `web-` and 8 hexadecimal digits. */
  readonly device: string;
  /** The service was in use, so this browser goes to it by itself from now on: calls that come in ring here. */
  readonly linked: boolean;
  /** Newest first. */
  readonly missed: readonly MissedView[];
}

export const NO_SETTINGS: Settings = {
  sites: {},
  identity: "",
  device: "",
  linked: false,
  missed: [],
  ringing: true,
  sipLinks: true,
  telLinks: false,
};

/** Switched on by tests at any time: the offscreen document then records the frames it receives. */
export async function isDiagnosed(area: Pick<Area, "get">): Promise<boolean> {
  return (await area.get(null))["diagnosis"] === true;
}

/** This browser profile's id as a phone, made on first use. */
export function deviceId(settings: Kept<Settings>): string {
  if (/^web-[0-9a-f]{8}$/.test(settings.value.device)) return settings.value.device;
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  const device = `web-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  settings.set({ device });
  return device;
}

export function allowSite(settings: Kept<Settings>, origin: string, choice: Choice, name: string): void {
  settings.set({ sites: { ...settings.value.sites, [origin]: { choice, name } } });
}

export function forgetSite(settings: Kept<Settings>, origin: string): void {
  const sites = Object.fromEntries(Object.entries(settings.value.sites).filter(([site]) => site !== origin));
  settings.set({ sites });
}
