/** The sites and what each may do: change it, or forget the site so that it asks again. */
import type { Choice, SiteView } from "../messages.ts";
import { byId, make, show } from "../popup/dom.ts";
import { send } from "../send.ts";

const CHOICES: readonly (readonly [Choice, string])[] = [
  ["muted", "Joins me muted"],
  ["talking", "Joins me with the microphone on"],
  ["ask", "Asks me on each page"],
  ["never", "Never joins me"],
];

let shown = "";

export function showSites(sites: readonly SiteView[]): void {
  show("sites-none", sites.length === 0);
  const list = JSON.stringify(sites);
  if (list === shown) return;
  shown = list;
  byId("sites", HTMLUListElement).replaceChildren(...sites.map(siteRow));
}

function siteRow({ origin, choice, name }: SiteView): HTMLElement {
  const select = document.createElement("select");
  select.setAttribute("aria-label", `What ${origin} may do`);
  select.append(...CHOICES.map(([value, words]) => new Option(words, value, false, value === choice)));
  const field = nameField(origin, name);
  const change = () =>
    run(send("change-site", { origin, choice: choiceOf(select.value), name: field.value }));
  select.addEventListener("change", change);
  field.addEventListener("change", change);
  const row = make("li", "site");
  row.append(make("span", "origin", origin), forgetButton(origin), select, field);
  return row;
}

function nameField(origin: string, name: string): HTMLInputElement {
  const field = document.createElement("input");
  field.type = "text";
  field.maxLength = 64;
  field.value = name;
  field.placeholder = "Guest";
  field.setAttribute("aria-label", `Your name on ${origin}`);
  return field;
}

function forgetButton(origin: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.textContent = "Forget";
  button.setAttribute("aria-label", `Forget ${origin}`);
  button.addEventListener("click", () => run(send("forget-site", { origin })));
  return button;
}

function choiceOf(value: string): Choice {
  return CHOICES.find(([choice]) => choice === value)?.[0] ?? "ask";
}

// When the worker cannot be reached the list stays as it was, and shows so.
function run(sending: Promise<unknown>): void {
  sending.catch(() => undefined);
}
