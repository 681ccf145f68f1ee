/** The question which device to talk with: one button for each that is there. */
import type { DeviceView, PromptView, Remember } from "../messages.ts";
import { send } from "../send.ts";
import { describeDevice } from "./device-words.ts";
import { byId, deviceIcon, icon, make, show, text } from "./dom.ts";
import { isMeant } from "./settled.ts";

let asked: string | undefined;
let shownDevices = "";

/** `done` runs after an answer was given. */
export function wirePicker(done: () => void): void {
  byId("picker-cancel", HTMLButtonElement).addEventListener("click", () => choose(undefined, done));
  const list = byId("picker-devices", HTMLElement);
  list.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button?.value && isMeant(event)) choose(button.value, done);
  });
  list.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    moveFocus(list, step);
  });
}

/** Says no to the open question, as its own button does. */
export function cancelPicker(done: () => void): void {
  choose(undefined, done);
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

function moveFocus(list: HTMLElement, step: number): void {
  const buttons = [...list.querySelectorAll<HTMLButtonElement>("button:not(:disabled)")];
  const { activeElement } = document;
  const now = activeElement instanceof HTMLButtonElement ? buttons.indexOf(activeElement) : 0;
  buttons.at((now + step) % buttons.length)?.focus();
}

export function showPicker(prompt: PromptView | undefined): void {
  show("picker", prompt !== undefined);
  const isNew = prompt?.prompt !== asked;
  asked = prompt?.prompt;
  if (!prompt) return;
  showQuestion(prompt);
  if (isNew) showRemember(prompt);
  showDevices(prompt.devices);
  if (isNew) byId("picker-devices", HTMLElement).querySelector<HTMLElement>("button:not(:disabled)")?.focus();
}

const ANSWERS: Readonly<Record<PromptView["about"], string>> = {
  join: "Do not join",
  call: "Do not call",
  number: "Do not call",
  answer: "Not now",
};

function showQuestion({ about, title, uri, origin }: PromptView): void {
  text("picker-title", questionOf(about, title));
  text("picker-for", reasonOf(about, title, siteOf(origin)));
  // A name is what somebody likes to be called; the address is what is called.
  text("picker-address", about === "call" || about === "answer" ? uri : "");
  text("picker-cancel", ANSWERS[about]);
}

function questionOf(about: PromptView["about"], title: string): string {
  if (about === "join") return "Which device do you want to talk with?";
  return about === "answer" ? `Answer ${title} with which device?` : `Call ${title} with which device?`;
}

function reasonOf(about: PromptView["about"], title: string, site: string): string {
  if (about === "join") return `To join ${title}.`;
  if (about === "answer") return "Somebody calls you.";
  const asker = site
    ? `The page you are on, ${site}, asks for this call.`
    : "A program on this computer asks for this call.";
  return about === "number" ? `${asker} Calls to telephone numbers can cost money.` : asker;
}

function siteOf(origin: string | undefined): string {
  return origin && URL.canParse(origin) ? new URL(origin).host : "";
}

/** A telephone number is asked about each time, and an answer is for one caller. */
function showRemember({ about, origin }: PromptView): void {
  const site = siteOf(origin);
  show("picker-remember-row", about === "join" || about === "call");
  const choices: [Remember, string][] = [
    ["no", "Use it for this call"],
    ...(site ? ([["origin", `Always use it on ${site}`]] satisfies [Remember, string][]) : []),
    ["always", "Use it for every call"],
  ];
  const chosen = about === "join" && site ? "origin" : "no";
  byId("picker-remember", HTMLSelectElement).replaceChildren(
    ...choices.map(([value, words]) => new Option(words, value, false, value === chosen)),
  );
}

function showDevices(devices: readonly DeviceView[]): void {
  const list = JSON.stringify(devices);
  show("picker-none", devices.length === 0);
  if (list === shownDevices) return;
  shownDevices = list;
  const field = byId("picker-devices", HTMLElement);
  const { activeElement } = document;
  const focused =
    activeElement instanceof HTMLButtonElement && field.contains(activeElement) ? activeElement.value : "";
  field.replaceChildren(...devices.map(deviceButton));
  if (focused) [...field.querySelectorAll("button")].find(({ value }) => value === focused)?.focus();
}

function deviceButton(device: DeviceView): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.value = device.id;
  button.disabled = device.state === "offline" || device.state === "busy";
  const name = make("span", "name", device.name);
  name.append(make("small", "", describeDevice(device)));
  button.append(icon(deviceIcon(device.kind)), name);
  if (device.chosen) button.append(make("span", "tag", "usual"));
  return button;
}

function rememberChosen(): Remember {
  const { value } = byId("picker-remember", HTMLSelectElement);
  const hidden = byId("picker-remember-row", HTMLElement).hidden;
  return !hidden && (value === "origin" || value === "always") ? value : "no";
}

function choose(device: string | undefined, done: () => void): void {
  if (asked === undefined) return;
  const answer = { prompt: asked, remember: rememberChosen() };
  send("choose-device", { ...answer, ...(device !== undefined && { device }) }).then(done, done);
}
