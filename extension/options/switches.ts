/** What can be switched on and off for this browser: its bell, and whose links are ours. */
import type { Switches } from "../messages.ts";
import { byId } from "../popup/dom.ts";
import { send } from "../send.ts";

const BOXES: Readonly<Record<keyof Switches, string>> = {
  ringing: "switch-ringing",
  sipLinks: "switch-sip-links",
  telLinks: "switch-tel-links",
};
const NAMES = ["ringing", "sipLinks", "telLinks"] as const;

export function wireSwitches(): void {
  for (const name of NAMES) {
    const box = byId(BOXES[name], HTMLInputElement);
    // When the worker cannot be reached the next view shows how it is.
    box.addEventListener("change", () => {
      send("set-switch", { name, on: box.checked }).catch(() => undefined);
    });
  }
}

export function showSwitches(switches: Switches): void {
  for (const name of NAMES) byId(BOXES[name], HTMLInputElement).checked = switches[name];
}
