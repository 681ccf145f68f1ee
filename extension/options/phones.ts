/** The devices, each with what it is, how it is, and a button that tries it out. */
import type { DeviceView } from "../messages.ts";
import { describeDevice } from "../popup/device-words.ts";
import { byId, make, show } from "../popup/dom.ts";
import { send } from "../send.ts";

interface Row {
  readonly row: HTMLElement;
  readonly name: HTMLElement;
  readonly words: HTMLElement;
  readonly mark: HTMLElement;
  readonly test: HTMLButtonElement;
  readonly outcome: HTMLElement;
}

const rows = new Map<string, Row>();

/** Rows are kept and changed in place: what a test said stays. */
export function showPhones(devices: readonly DeviceView[]): void {
  show("phones-none", devices.length === 0);
  for (const [id, { row }] of rows) {
    if (devices.some((device) => device.id === id)) continue;
    row.remove();
    rows.delete(id);
  }
  for (const device of devices) update(rows.get(device.id) ?? newRow(device), device);
}

function newRow({ id, name }: DeviceView): Row {
  const test = document.createElement("button");
  test.type = "button";
  test.textContent = "Test this device";
  test.setAttribute("aria-label", `Test ${name}`);
  const outcome = make("p", "outcome soft small");
  outcome.setAttribute("role", "status");
  const label = make("span", "device-name");
  const words = make("small", "soft");
  label.append(make("span", "", ""), words);
  const made = { row: make("li", "phone"), name: label, words, mark: make("span", "mark"), test, outcome };
  made.row.append(label, made.mark, test, outcome);
  test.addEventListener("click", () => run(id, made));
  rows.set(id, made);
  byId("phones-list", HTMLUListElement).append(made.row);
  return made;
}

const STATES: Readonly<Record<string, string>> = {
  ready: "Ready",
  busy: "In a call",
  ringing: "Ringing",
  offline: "Not there",
};

function update({ name, words, mark, test }: Row, device: DeviceView): void {
  if (name.firstElementChild) name.firstElementChild.textContent = device.name;
  words.textContent = describeDevice({ ...device, state: "" }) + (device.chosen ? "; the usual one" : "");
  mark.textContent = STATES[device.state] ?? "Not known";
  mark.classList.toggle("good", device.state === "ready");
  test.disabled = test.dataset["running"] === "yes" || device.state === "busy";
}

function run(device: string, { test, outcome }: Row): void {
  test.disabled = true;
  test.dataset["running"] = "yes";
  outcome.textContent = "Trying… answer the phone if it rings.";
  const end = (ok: boolean, detail: string) => {
    test.disabled = false;
    test.dataset["running"] = "no";
    outcome.textContent = detail;
    outcome.classList.toggle("bad", !ok);
  };
  send("test-device", { device }).then(
    ({ ok, detail }) => end(ok, detail),
    () => end(false, "The test was cut off; try again."),
  );
}
