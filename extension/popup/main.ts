/** The popup: shows the worker's View and sends what the user does; also the small window where no popup can open. */
import browser from "webextension-polyfill";
import type { CallView, Problem, View } from "../messages.ts";
import { send } from "../send.ts";
import { watchView } from "../watch-view.ts";
import { showCallBar, wireCallBar } from "./call-bar.ts";
import { CALL_STATES, showCalls, showMissed, wireCalls } from "./calls-list.ts";
import { showConsent, wireConsent } from "./consent-card.ts";
import { showPicker, wirePicker } from "./device-picker.ts";
import { byId, show, text } from "./dom.ts";
import { showIncoming, wireIncomingKeys } from "./incoming-card.ts";
import { showRoster } from "./roster-view.ts";

const isWindow = new URLSearchParams(location.search).has("window");
document.body.classList.toggle("window", isWindow);

let problem: Problem | undefined;

function render(view: View): void {
  const { page, call, question, people, prompt } = view;
  text("title", page?.title ?? "Partyline");
  text("place", page ? placeOf(view) : "Talk with those who look at the same page");
  showProblem(view.problem);
  showIncoming(byId("incoming", HTMLElement), view);
  showPicker(prompt);
  showConsent(page, prompt || view.left ? undefined : question);
  show("room", call !== undefined && !prompt);
  showState(view);
  showRoster(people, call?.uri, (user) => {
    if (call) send("hand", { call: call.call, raised: false, user }).catch(() => undefined);
  });
  const current = showCalls(view, () => render(view));
  showCallBar(prompt ? undefined : current, view);
  showMissed(view.missed);
  showQuiet(view);
}

function placeOf({ page }: View): string {
  if (!page) return "";
  const site = new URL(page.origin).host;
  if (page.trust === "own") return `Room of ${site}`;
  return page.trust === "listed"
    ? `Room of ${page.host}, named by ${site}`
    : `${page.host}, offered by ${site}`;
}

function showState({ call, service, movedTo }: View): void {
  const away = service === "lost" || service === "missing" || service === "connecting";
  const words = call ? callWords(call, movedTo) : "";
  text("state", away ? "Reconnecting to the service…" : words);
  byId("state", HTMLElement).classList.toggle("live", !away && isLive(call));
  const here = (call?.state === "active" || call?.state === "switching") && !call.waiting;
  byId("people-title", HTMLElement).hidden = !here;
}

function isLive(call: CallView | undefined): boolean {
  return call?.state === "active" && !call.waiting && !call.mutedByModerator;
}

function callWords(
  { state, rejoining, waiting, mutedByModerator }: CallView,
  movedTo: string | undefined,
): string {
  if (rejoining) return "The conference went away. Calling it again…";
  if (waiting)
    return "Waiting to be let in… If a voice asks for a PIN, type it on the keypad and end with #.";
  if (state === "active" && mutedByModerator) return "Muted by a moderator";
  if (state === "active" && movedTo) return `Moved to ${movedTo}`;
  return CALL_STATES[state] ?? "";
}

function showProblem(now: Problem | undefined): void {
  show("problem", now !== undefined);
  if (JSON.stringify(now) === JSON.stringify(problem)) return;
  problem = now;
  text("problem-sentence", now?.sentence ?? "");
  text("problem-step", now?.step ?? "");
  show("problem-action", now?.action !== undefined);
  text("problem-action", now?.action ? ACTIONS[now.action] : "");
}

const ACTIONS: Readonly<Record<NonNullable<Problem["action"]>, string>> = {
  "try-host": "Try again",
  "join-here": "Join again",
  options: "Open settings",
};

/** What to say when there is nothing to show: no tag, left, never, or not joined yet. */
function showQuiet(view: View): void {
  const words = quietWords(view);
  const others = view.calls.length + view.incoming.length > 0;
  const busy = others || view.call || view.prompt || (view.question && !view.left);
  show("quiet", !busy && words !== undefined);
  if (!words) return;
  text("quiet-sentence", words[0]);
  text("quiet-step", words[1]);
  show("quiet-join", words[2] === "join");
}

function quietWords({ page, left, never, problem }: View): [string, string, "join"?] | undefined {
  if (!page)
    return [
      "This page has no conference.",
      "Open a page that has one and you can talk with those who read it.",
    ];
  if (page.trust === "refused") {
    return [
      "This page names a conference on a private network.",
      "Partyline joins those only from the same network’s own pages.",
    ];
  }
  if (never) return ["Partyline stays out of this site.", "You can change that in the settings."];
  if (left) return ["You left this page’s conference.", "You can come back at any time.", "join"];
  return problem
    ? undefined
    : ["You are not in this page’s conference.", "Join to talk with those who are here.", "join"];
}

function act(): void {
  if (problem?.action === "options") openSettings();
  else if (problem?.action) send(problem.action, {}).catch(() => undefined);
}

function openSettings(): void {
  browser.runtime.openOptionsPage().then(close, () => undefined);
}

function close(): void {
  if (isWindow) window.close();
}

wireCalls();
wireIncomingKeys();
wirePicker(close);
wireConsent(close);
wireCallBar(() => undefined);
byId("settings", HTMLButtonElement).addEventListener("click", openSettings);
byId("problem-action", HTMLButtonElement).addEventListener("click", act);
byId("problem-dismiss", HTMLButtonElement).addEventListener("click", () => {
  send("dismiss-problem", {}).catch(() => undefined);
});
byId("quiet-join", HTMLButtonElement).addEventListener("click", () => {
  send("join-here", {}).catch(() => undefined);
});
watchView("view", render);
