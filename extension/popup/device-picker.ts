/** The question which device to talk with: one button for each that is there. */
import type { DeviceView, PromptView } from "../messages.ts";
import { send } from "../send.ts";
import { byId, deviceIcon, icon, make, show, text } from "./dom.ts";

let asked: string | undefined;
let shownDevices = "";

/** `done` runs after an answer was given. */
export function wirePicker(done: () => void): void {
  byId("picker-cancel", HTMLButtonElement).addEventListener("click", () => choose(undefined, done));
  byId("picker-devices", HTMLElement).addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button?.value) choose(button.value, done);
  });
}

export function showPicker(prompt: PromptView | undefined): void {
  show("picker", prompt !== undefined);
  const isNew = prompt?.prompt !== asked;
  asked = prompt?.prompt;
  if (!prompt) return;
  text("picker-for", `To join ${prompt.title}.`);
  const site = prompt.origin && URL.canParse(prompt.origin) ? new URL(prompt.origin).host : "";
  byId("picker-remember", HTMLInputElement).disabled = site === "";
  text("picker-remember-text", site ? `Always use it on ${site}` : "Always use it on this site");
  showDevices(prompt.devices);
  if (isNew) byId("picker-devices", HTMLElement).querySelector("button")?.focus();
}

function showDevices(devices: readonly DeviceView[]): void {
  const list = JSON.stringify(devices);
  if (list === shownDevices) return;
  shownDevices = list;
  byId("picker-devices", HTMLElement).replaceChildren(...devices.map(deviceButton));
}

function deviceButton(device: DeviceView): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.value = device.id;
  button.disabled = device.state === "offline" || device.state === "busy";
  const name = make("span", "name", device.name);
  name.append(make("small", "", describe(device)));
  button.append(icon(deviceIcon(device.kind)), name);
  return button;
}

const KINDS: Readonly<Record<string, string>> = {
  web: "Microphone and loudspeaker of this browser",
  softphone: "Program on this computer",
  sip: "Telephone on the network",
  pstn: "Telephone number",
  http: "Desk telephone",
};

const STATES: Readonly<Record<string, string>> = {
  busy: " (in a call)",
  ringing: " (ringing)",
  offline: " (not there)",
};

function describe({ kind, state }: DeviceView): string {
  return (KINDS[kind] ?? "Device") + (STATES[state] ?? "");
}

function choose(device: string | undefined, done: () => void): void {
  if (asked === undefined) return;
  const remember = byId("picker-remember", HTMLInputElement);
  const answer = { prompt: asked, remember: remember.checked && !remember.disabled };
  send("choose-device", { ...answer, ...(device !== undefined && { device }) }).then(done, done);
}
