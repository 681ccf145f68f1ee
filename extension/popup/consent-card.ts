/** Asks once per site, in the extension's own page, before anything is joined: which site, which server, which name. */
import type { Choice, PageView, Question } from "../messages.ts";
import { send } from "../send.ts";
import { byId, show, text } from "./dom.ts";

let shown: PageView | undefined;

/** `done` runs after an answer was given or put off. */
export function wireConsent(done: () => void): void {
  const form = byId("consent", HTMLFormElement);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer(chosen(form), true, done);
  });
  byId("consent-never", HTMLButtonElement).addEventListener("click", () => answer("never", false, done));
  byId("consent-later", HTMLButtonElement).addEventListener("click", () => window.close());
}

/** Fills the card when another page asks; what the user is typing stays. */
export function showConsent(page: PageView | undefined, question: Question | undefined): void {
  show("consent", page !== undefined && question !== undefined);
  if (!page || !question) {
    shown = undefined;
    return;
  }
  const again = shown?.origin === page.origin && shown.uri === page.uri;
  shown = page;
  if (!again) fill(page, question);
}

function fill({ origin, host, title, trust }: PageView, { reason, choice, name }: Question): void {
  const site = new URL(origin).host;
  text("consent-title", `Join “${title}”?`);
  text("consent-why", WHY[reason]);
  text("consent-site", site);
  text("consent-host", host);
  show("consent-elsewhere", trust === "elsewhere");
  text(
    "consent-elsewhere",
    `This conference is not on ${site}: it belongs to ${host}. Join only if you know both.`,
  );
  byId("consent-name", HTMLInputElement).value = name;
  const radio = document.querySelector<HTMLInputElement>(`#consent input[value="${choice}"]`);
  if (radio) radio.checked = true;
}

const WHY: Readonly<Record<Question["reason"], string>> = {
  "new-site": "Its people hear each other and see each other’s names.",
  "asked-to-ask": "You asked to be asked on each page of this site.",
  elsewhere: "Conferences on other people’s servers always ask.",
};

function chosen(form: HTMLFormElement): Choice {
  const choice = new FormData(form).get("choice");
  return choice === "talking" || choice === "ask" ? choice : "muted";
}

function answer(choice: Choice, join: boolean, done: () => void): void {
  if (!shown) return;
  const { origin, uri } = shown;
  const name = byId("consent-name", HTMLInputElement).value.trim();
  send("answer-consent", { origin, uri, choice, name, join }).then(done, done);
}
