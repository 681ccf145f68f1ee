/** Mute, device and leave for the call that runs. */
import type { CallView, DeviceView } from "../messages.ts";
import { send } from "../send.ts";
import { byId, deviceIcon, setIcon, show, text } from "./dom.ts";

let call: CallView | undefined;
let shownDevices = "";

export function wireCallBar(failed: () => void): void {
  byId("mute", HTMLButtonElement).addEventListener("click", () => toggleMute(failed));
  byId("leave", HTMLButtonElement).addEventListener("click", () => {
    send("leave", {}).catch(failed);
  });
  byId("device", HTMLSelectElement).addEventListener("change", ({ target }) => {
    if (target instanceof HTMLSelectElement) send("use-device", { device: target.value }).catch(failed);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "m" && isShortcut(event)) toggleMute(failed);
  });
}

export function showCallBar(now: CallView | undefined, devices: readonly DeviceView[]): void {
  call = now;
  show("call-bar", now !== undefined);
  if (!now) return;
  byId("mute", HTMLButtonElement).setAttribute("aria-pressed", String(now.muted));
  byId("mute", HTMLButtonElement).disabled = now.state !== "active" && now.state !== "switching";
  text("mute-text", now.muted ? "Unmute" : "Mute");
  setIcon("mute-icon", now.muted ? "mic-off" : "mic");
  showDevices(now, devices);
}

function toggleMute(failed: () => void): void {
  if (call) send("mute", { muted: !call.muted }).catch(failed);
}

// A letter typed into a field is a letter.
function isShortcut({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  const typing = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  return !typing && !ctrlKey && !metaKey && !altKey;
}

function showDevices({ device }: CallView, devices: readonly DeviceView[]): void {
  const there = devices.filter(({ id, state }) => id === device || state === "ready" || state === "unknown");
  const select = byId("device", HTMLSelectElement);
  const list = JSON.stringify([there.map(({ id, name }) => [id, name]), device]);
  if (list === shownDevices) return;
  shownDevices = list;
  select.replaceChildren(...there.map(({ id, name }) => new Option(name, id, false, id === device)));
  select.disabled = there.length < 2;
  setIcon("device-icon", deviceIcon(there.find(({ id }) => id === device)?.kind ?? "web"));
}
