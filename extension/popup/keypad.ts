/** Twelve keys for a call's far end; while they are shown, the keyboard's digits are theirs too. */
import { byId, show } from "./dom.ts";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"] as const;
const WORDS: Readonly<Record<string, string>> = { "*": "Star", "#": "Hash" };

let open = false;

export function wireKeypad(press: (digit: string) => void): void {
  byId("keypad", HTMLElement).append(...KEYS.map((key) => keyButton(key, press)));
  byId("keypad-toggle", HTMLButtonElement).addEventListener("click", () => showKeypad(!open));
  document.addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => {
    if (open && !ctrlKey && !metaKey && !altKey && KEYS.some((one) => one === key)) press(key);
  });
}

export function closeKeypad(): void {
  showKeypad(false);
}

function showKeypad(now: boolean): void {
  open = now;
  show("keypad", now);
  byId("keypad-toggle", HTMLButtonElement).setAttribute("aria-expanded", String(now));
}

function keyButton(key: string, press: (digit: string) => void): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = key;
  if (WORDS[key]) button.setAttribute("aria-label", WORDS[key]);
  button.addEventListener("click", () => press(key));
  return button;
}
