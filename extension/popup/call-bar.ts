/** Mute, hold, keypad, device and leave for one call: the one that was chosen in the list, or the only one. */
import type { CallView, DeviceView, View } from "../messages.ts";
import { send } from "../send.ts";
import { byId, deviceIcon, setIcon, show, text } from "./dom.ts";
import { closeKeypad, wireKeypad } from "./keypad.ts";

let call: CallView | undefined;
let shownDevices = "";

export function wireCallBar(failed: () => void): void {
  byId("mute", HTMLButtonElement).addEventListener("click", () => toggleMute(failed));
  byId("hold", HTMLButtonElement).addEventListener("click", () => toggleHold(failed));
  byId("hand", HTMLButtonElement).addEventListener("click", () => toggleHand(failed));
  byId("leave", HTMLButtonElement).addEventListener("click", () => {
    if (call) send("leave", { call: call.call }).catch(failed);
  });
  byId("device", HTMLSelectElement).addEventListener("change", ({ target }) => {
    if (call && target instanceof HTMLSelectElement)
      send("use-device", { call: call.call, device: target.value }).catch(failed);
  });
  wireKeypad((digits) => {
    if (call) send("digits", { call: call.call, digits }).catch(failed);
  });
  document.addEventListener("keydown", (event) => {
    if (!isShortcut(event)) return;
    if (event.key === "m") toggleMute(failed);
    if (event.key === "r" && !byId("hand", HTMLButtonElement).hidden) toggleHand(failed);
    if (event.key === "h" && !byId("hold", HTMLButtonElement).disabled) toggleHold(failed);
  });
}

/** `follows`: the call is the one that goes along with the pages. */
export function showCallBar(now: CallView | undefined, { devices, call: own }: View): void {
  if (now?.call !== call?.call) closeKeypad();
  call = now;
  show("call-bar", now !== undefined);
  if (!now) return;
  showButtons(
    now,
    devices.find(({ id }) => id === now.device),
  );
  text("leave-text", now.call === own?.call ? "Leave" : "Hang up");
  showDevices(now, devices);
}

const TALKING: readonly string[] = ["active", "switching", "held"];

function showButtons(now: CallView, device: DeviceView | undefined): void {
  const mute = byId("mute", HTMLButtonElement);
  const hold = byId("hold", HTMLButtonElement);
  const held = now.state === "held";
  mute.disabled = held || !can("mute", now, device);
  showMute(now);
  showHand(now);
  hold.setAttribute("aria-pressed", String(held));
  hold.disabled = !can("hold", now, device);
  text("hold-text", held ? "Resume" : "Hold");
  byId("keypad-toggle", HTMLButtonElement).disabled = held || !can("dtmf", now, device);
}

/** What only a moderator lifts is no button's promise. */
function showMute({ muted, mutedByModerator }: CallView): void {
  const mute = byId("mute", HTMLButtonElement);
  const words = muted ? "Unmute" : "Mute";
  mute.setAttribute("aria-pressed", String(muted));
  mute.title = mutedByModerator ? "Muted by a moderator" : "";
  mute.setAttribute("aria-label", mute.title || words);
  text("mute-text", mutedByModerator ? "Muted" : words);
  setIcon("mute-icon", muted ? "mic-off" : "mic");
}

function showHand({ focus, hand, state, waiting }: CallView): void {
  const button = byId("hand", HTMLButtonElement);
  button.hidden = !focus || waiting || !TALKING.includes(state);
  button.setAttribute("aria-pressed", String(hand));
  button.title = hand ? "Lower your hand" : "Raise your hand";
}

/** A call that was handed to its phone can only do what that phone can be told. */
function can(what: string, { state }: CallView, device: DeviceView | undefined): boolean {
  if (state === "transferred") return device?.caps.includes(what) ?? false;
  return TALKING.includes(state);
}

function toggleMute(failed: () => void): void {
  if (call) send("mute", { call: call.call, muted: !call.muted }).catch(failed);
}

function toggleHand(failed: () => void): void {
  if (call) send("hand", { call: call.call, raised: !call.hand }).catch(failed);
}

function toggleHold(failed: () => void): void {
  if (call) send("hold", { call: call.call, held: call.state !== "held" }).catch(failed);
}

// A letter typed into a field is a letter.
function isShortcut({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  const typing = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  return !typing && !ctrlKey && !metaKey && !altKey;
}

function showDevices({ device, state }: CallView, devices: readonly DeviceView[]): void {
  const there = devices.filter(
    (one) => one.id === device || one.state === "ready" || one.state === "unknown",
  );
  const select = byId("device", HTMLSelectElement);
  select.disabled = there.length < 2 || state === "transferred";
  const list = JSON.stringify([there.map(({ id, name }) => [id, name]), device]);
  if (list === shownDevices) return;
  shownDevices = list;
  select.replaceChildren(...there.map(({ id, name }) => new Option(name, id, false, id === device)));
  setIcon("device-icon", deviceIcon(there.find(({ id }) => id === device)?.kind ?? "web"));
}
