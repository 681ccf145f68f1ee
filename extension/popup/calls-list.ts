/** The calls that go on, one of them chosen for the bar below, and those that were missed. */
import type { CallView, MissedView, View } from "../messages.ts";
import { send } from "../send.ts";
import { byId, make, show } from "./dom.ts";

/** What a call's state is called. */
export const CALL_STATES: Readonly<Record<string, string>> = {
  choosing: "Choosing a device…",
  "calling-device": "Calling your device…",
  dialing: "Connecting…",
  ringing: "Ringing…",
  active: "Connected",
  held: "On hold",
  switching: "Moving…",
  transferred: "Handed to your phone",
};

let chosen: string | undefined;
let shownCalls = "";
let shownMissed = "";

export function wireCalls(): void {
  byId("missed-clear", HTMLButtonElement).addEventListener("click", () => {
    send("clear-missed", {}).catch(() => undefined);
  });
}

/** Shows the calls beside the page's own and returns the one that the bar is for; `again` shows another choice. */
export function showCalls(view: View, again: () => void): CallView | undefined {
  const all = [...(view.call ? [view.call] : []), ...view.calls];
  const current = all.find(({ call }) => call === chosen) ?? usual(all);
  show("calls", view.calls.length > 0);
  const list = JSON.stringify([all, current?.call, view.page?.title]);
  if (list === shownCalls) return current;
  shownCalls = list;
  const focused = document.activeElement instanceof HTMLButtonElement ? document.activeElement.value : "";
  const rows = all.map((one) => callRow(one, { view, current, again }));
  byId("calls-list", HTMLUListElement).replaceChildren(...rows);
  if (focused)
    rows
      .map((row) => row.querySelector("button"))
      .find((row) => row?.value === focused)
      ?.focus();
  return current;
}

/** Where somebody talks, before where nobody does. */
function usual(all: readonly CallView[]): CallView | undefined {
  return all.find(({ state }) => state === "active" || state === "switching") ?? all.at(0);
}

interface RowOptions {
  readonly view: View;
  readonly current: CallView | undefined;
  readonly again: () => void;
}

function callRow({ call, who, state, muted }: CallView, { view, current, again }: RowOptions): HTMLElement {
  const row = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "call";
  button.value = call;
  button.setAttribute("aria-pressed", String(call === current?.call));
  const name = call === view.call?.call ? (view.page?.title ?? who) : who;
  const words = (CALL_STATES[state] ?? "") + (muted && state === "active" ? ", muted" : "");
  const who_ = make("span", "who", name);
  who_.dir = "auto";
  button.append(who_, make("small", state === "active" ? "live" : "", words));
  button.addEventListener("click", () => {
    chosen = call;
    again();
  });
  row.append(button);
  return row;
}

/** Shown until the user clears them; having seen them is enough for the badge. */
export function showMissed(missed: readonly MissedView[]): void {
  show("missed", missed.length > 0);
  if (missed.some(({ seen }) => !seen)) send("missed-seen", {}).catch(() => undefined);
  const list = JSON.stringify(missed.map(({ uri, who, at }) => [uri, who, at]));
  if (list === shownMissed) return;
  shownMissed = list;
  byId("missed-list", HTMLUListElement).replaceChildren(...missed.map(missedRow));
}

function missedRow({ uri, who, at }: MissedView): HTMLElement {
  const row = make("li", "missed");
  const name = make("span", "who", who);
  name.title = uri;
  name.dir = "auto";
  const back = document.createElement("button");
  back.type = "button";
  back.textContent = "Call back";
  back.setAttribute("aria-label", `Call ${who} back`);
  back.addEventListener("click", () => {
    send("call-back", { uri }).catch(() => undefined);
  });
  row.append(name, make("small", "", whenOf(new Date(at))), back);
  return row;
}

function whenOf(at: Date): string {
  const today = at.toDateString() === new Date().toDateString();
  return today
    ? at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })
    : at.toLocaleDateString(undefined, { day: "numeric", month: "short" });
}
