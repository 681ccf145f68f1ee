/** The screens of the extension: tells those that are open what is so, opens one to ask, paints the badge. */
import type { View } from "../messages.ts";

/** The part of a port used here. */
export interface ScreenPort {
  readonly name: string;
  postMessage(message: unknown): void;
  readonly onDisconnect: { addListener(listener: () => void): void };
}

export interface ScreensOptions {
  view(): View;
  openPopup(): Promise<void>;
  /** Where the browser opens no popup by itself: a small window with the same page. */
  openWindow(): Promise<unknown>;
  paint(badge: Badge): void;
}

export interface Badge {
  readonly text: string;
  readonly color: string;
  readonly title: string;
}

const ASKING = "#6d3fd1";
const TROUBLE = "#c62f3b";
const TALKING = "#1c7d54";
const RINGING = "#1c7d54";

export class Screens {
  readonly #options: ScreensOptions;
  readonly #ports = new Set<ScreenPort>();
  #scheduled = false;
  #badge = "";

  constructor(options: ScreensOptions) {
    this.#options = options;
  }

  add(port: ScreenPort): void {
    this.#ports.add(port);
    port.onDisconnect.addListener(() => this.#ports.delete(port));
    this.refresh();
  }

  /** Shows the present state everywhere, once for all changes of the same moment. */
  refresh(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After the command that this moment led to: the screens can wait for it.
    setTimeout(() => {
      this.#scheduled = false;
      this.#show(this.#options.view());
    }, 0);
  }

  /** Whether the popup, or the window in its place, is open. */
  get popupOpen(): boolean {
    return [...this.#ports].some((port) => port.name === "view");
  }

  /** Opens the popup if none is open; the question stays on the badge for those who look elsewhere. */
  ask(): void {
    if (this.popupOpen) return;
    const { openPopup, openWindow } = this.#options;
    openPopup()
      .catch(openWindow)
      .catch(() => undefined);
  }

  #show(view: View): void {
    for (const port of this.#ports) port.postMessage(view);
    const badge = badgeOf(view);
    const text = JSON.stringify(badge);
    if (text === this.#badge) return;
    this.#badge = text;
    this.#options.paint(badge);
  }
}

/** A call that comes in first, then a question, trouble, missed calls, then how many are there. */
export function badgeOf(view: View): Badge {
  const { problem, call, count, page } = view;
  const asking = askingBadge(view);
  if (asking) return asking;
  if (problem) return { text: "!", color: TROUBLE, title: `Partyline: ${problem.sentence}` };
  const missed = view.missed.filter(({ seen }) => !seen).length;
  if (missed > 0) {
    const words = missed === 1 ? "a missed call" : `${missed} missed calls`;
    return { text: String(missed), color: TROUBLE, title: `Partyline: ${words}` };
  }
  if (!call || count === 0) return { text: "", color: TALKING, title: "Partyline" };
  const people = count === 1 ? "only you" : `${count} people`;
  return {
    text: String(count),
    color: TALKING,
    title: `Partyline: ${people} in ${page?.title ?? "this conference"}`,
  };
}

function askingBadge({ incoming, prompt, link, question, left }: View): Badge | undefined {
  const [caller] = incoming;
  if (caller) return { text: "☎", color: RINGING, title: `Partyline: ${caller.who} calls` };
  if (prompt) return { text: "?", color: ASKING, title: "Partyline: choose a device" };
  if (link) return { text: "?", color: ASKING, title: `Partyline: call ${link.address}?` };
  if (question && !left) return { text: "?", color: ASKING, title: "Partyline: this page has a conference" };
  return undefined;
}
