/** Calls that come in: who calls, the device to answer with, Answer and Decline; a card for each. */
import type { DeviceView, IncomingView, View } from "../messages.ts";
import { send } from "../send.ts";
import { icon, make } from "./dom.ts";
import { hasSettled, isMeant, isWindow } from "./settled.ts";

interface Card {
  readonly card: HTMLElement;
  readonly select: HTMLSelectElement;
  readonly answer: HTMLButtonElement;
  readonly decline: HTMLButtonElement;
  readonly state: HTMLElement;
  shownDevices: string;
}

const cards = new Map<string, Card>();

/** Shows a card for each call in `list`; they are kept and changed in place, so that focus stays. */
export function showIncoming(list: HTMLElement, { incoming, devices, self }: View): void {
  list.hidden = incoming.length === 0;
  for (const [call, { card }] of cards) {
    if (incoming.some((one) => one.call === call)) continue;
    card.remove();
    cards.delete(call);
  }
  for (const one of incoming) {
    const known = cards.get(one.call);
    const card = known ?? newCard(one);
    if (!known) list.append(card.card);
    update(card, one, devices, self);
    // In the popup the user is at something else.
    if (!known && cards.size === 1 && isWindow()) card.answer.focus();
  }
}

/** A answers and D declines the first call that rings. */
export function wireIncomingKeys(): void {
  document.addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
    const [first] = cards.values();
    const elsewhere = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    if (!first || elsewhere || ctrlKey || metaKey || altKey || !hasSettled()) return;
    if (key === "a") first.answer.click();
    if (key === "d") first.decline.click();
  });
}

function newCard({ call, who, address }: IncomingView): Card {
  const card = make("div", "card calling");
  card.setAttribute("role", "alertdialog");
  const name = make("h2", "caller", who);
  name.id = `caller-${call}`;
  name.dir = "auto";
  card.setAttribute("aria-labelledby", `calls-${call} ${name.id}`);
  const head = make("p", "soft small", "Incoming call");
  head.id = `calls-${call}`;
  const state = make("p", "soft small state");
  state.setAttribute("role", "status");
  const [answer, decline] = [answerButton(call), declineButton(call)];
  const { label, select } = deviceField();
  const actions = make("div", "actions");
  actions.append(answer, decline);
  card.append(head, name, ...(who === address ? [] : [make("p", "address", address)]), label, state, actions);
  const made = { card, select, answer, decline, state, shownDevices: "" };
  cards.set(call, made);
  return made;
}

function answerButton(call: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "main answer";
  button.setAttribute("aria-keyshortcuts", "a");
  button.append(icon("phone"), make("span", "", "Answer"));
  button.addEventListener("click", (event) => {
    const device = cards.get(call)?.select.value;
    if (isMeant(event)) send("answer", { call, ...(device && { device }) }).catch(() => undefined);
  });
  return button;
}

function declineButton(call: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "danger decline";
  button.setAttribute("aria-keyshortcuts", "d");
  button.append(make("span", "", "Decline"));
  button.addEventListener("click", (event) => {
    if (isMeant(event)) send("decline", { call }).catch(() => undefined);
  });
  return button;
}

function deviceField(): { label: HTMLElement; select: HTMLSelectElement } {
  const label = make("label", "field");
  const select = document.createElement("select");
  label.append(make("span", "", "Answer with"), select);
  return { label, select };
}

function update(card: Card, { answering }: IncomingView, devices: readonly DeviceView[], self: string): void {
  card.answer.disabled = answering;
  card.decline.disabled = answering;
  card.select.disabled = answering;
  if (card.state.textContent !== (answering ? "Answering…" : ""))
    card.state.textContent = answering ? "Answering…" : "";
  const free = devices.filter(({ state }) => state !== "offline" && state !== "busy");
  const list = JSON.stringify(free.map(({ id, name }) => [id, name]));
  if (list === card.shownDevices) return;
  card.shownDevices = list;
  const chosen = free.find(({ id }) => id === card.select.value)?.id ?? suggested(free, self);
  card.select.replaceChildren(...free.map(({ id, name }) => new Option(name, id, false, id === chosen)));
}

/** This browser, where it is a phone: the user is looking at it. */
function suggested(devices: readonly DeviceView[], self: string): string | undefined {
  const own = devices.find(({ id }) => id === self);
  return (own ?? devices.find(({ chosen }) => chosen) ?? devices[0])?.id;
}
