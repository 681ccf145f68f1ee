/** The list of those who are here: rows are kept and changed in place, so that focus and animation stay. */
import type { Person } from "../messages.ts";
import { byId, icon, make, text } from "./dom.ts";

interface Row {
  readonly item: HTMLElement;
  shown: string;
}

const rows = new Map<string, Row>();
let names: ReadonlyMap<string, string> | undefined;

/** What a moderator may do to others. */
export type Lower = (entity: string) => void;

/** Shows the people in the order they came, me first; says who joined and left to those who listen. */
export function showRoster(
  people: readonly Person[],
  conference: string | undefined,
  lowerHand: Lower,
): void {
  const lower = people.some(({ me, moderator }) => me && moderator) ? lowerHand : undefined;
  const ordered = [...people].sort((one, other) => Number(other.me) - Number(one.me));
  const list = byId("people", HTMLUListElement);
  for (const [entity, { item }] of rows) {
    if (people.some((person) => person.entity === entity)) continue;
    item.remove();
    rows.delete(entity);
  }
  ordered.forEach((person, index) => {
    const row = rowOf(person);
    if (list.children[index] !== row.item) list.insertBefore(row.item, list.children[index] ?? null);
    update(row, person, lower);
  });
  text("people-title", people.length === 1 ? "Only you are here" : `${people.length} people are here`);
  announce(people, conference);
}

function rowOf({ entity }: Person): Row {
  const row = rows.get(entity) ?? { item: document.createElement("li"), shown: "" };
  rows.set(entity, row);
  return row;
}

function update(row: Row, person: Person, lower: Lower | undefined): void {
  const shown = JSON.stringify([person, lower !== undefined]);
  if (row.shown === shown) return;
  row.shown = shown;
  row.item.classList.toggle("talking", isTalking(person));
  row.item.replaceChildren(avatar(person), nameOf(person), stateOf(person, person.me ? undefined : lower));
}

function avatar({ entity, name }: Person): HTMLElement {
  const circle = make("span", "avatar", initials(name));
  circle.setAttribute("aria-hidden", "true");
  circle.style.setProperty("--hue", String(hue(entity)));
  return circle;
}

function nameOf({ name, me }: Person): HTMLElement {
  const element = make("span", "person-name", name);
  element.title = name;
  // A name may not pretend to be this mark: it is an element of its own.
  if (me) element.append(make("span", "you", "you"));
  element.setAttribute("dir", "auto");
  return element;
}

function stateOf(person: Person, lower: Lower | undefined): HTMLElement {
  const element = make("span", "person-state");
  if (person.hand) element.append(icon("hand"), make("span", "", "wants to talk"));
  if (person.hand && lower) element.append(lowerButton(person, lower));
  if (person.held) element.append(icon("hold"), make("span", "", "on hold"));
  else if (person.muted) element.append(icon("mic-off"), make("span", "", "muted"));
  else if (isTalking(person)) element.append(icon("mic"), make("span", "", "talking"));
  return element;
}

function lowerButton({ entity, name }: Person, lower: Lower): HTMLElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.append(icon("close"));
  button.setAttribute("aria-label", `Lower the hand of ${name}`);
  button.title = "Lower this hand";
  button.addEventListener("click", () => lower(entity));
  return button;
}

function isTalking({ muted, talking, held }: Person): boolean {
  return talking && !muted && !held;
}

function initials(name: string): string {
  const words = name.split(/[\s.@_-]+/u).filter(Boolean);
  return (
    words
      .slice(0, 2)
      .map((word) => [...word][0]?.toUpperCase() ?? "")
      .join("") || "?"
  );
}

// The same person has the same colour on every page.
function hue(entity: string): number {
  let sum = 0;
  for (const character of entity) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return sum;
}

let announced: string | undefined;

function announce(people: readonly Person[], conference: string | undefined): void {
  const now = new Map(people.map(({ entity, name }) => [entity, name]));
  const before = announced === conference ? names : undefined;
  announced = conference;
  names = now;
  if (!before) return;
  const joined = [...now].filter(([entity]) => !before.has(entity)).map(([, name]) => `${name} joined.`);
  const left = [...before].filter(([entity]) => !now.has(entity)).map(([, name]) => `${name} left.`);
  if (joined.length + left.length > 0) text("news", [...joined, ...left].join(" "));
}
