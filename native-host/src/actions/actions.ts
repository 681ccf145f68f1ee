/** Programmable reactions: what the user's configuration wants done when something happens (paper §VI; docs/plug-ins.md). */

import type { ActionConfig } from "../config-actions.ts";
import type { Occasion, TunnelPlugin } from "../tunnel/plugin.ts";
import { escapeText } from "../xml/strict.ts";
import type { When } from "./occasions.ts";

export interface ActionsOptions {
  readonly actions: readonly ActionConfig[];
  readonly plugins: readonly TunnelPlugin[];
  /** Shows a text to the user. */
  notify(text: string): void;
  /** Sends one document to the XML API. */
  send(document: string): void;
  /** A reaction failed, or was held back; one sentence. */
  onTrouble(what: string, cause?: unknown): void;
}

/** An action runs this often in ten seconds at most: a crowd that joins is not a hundred notifications. */
const MOST_RUNS = 5;
const WITHIN_MS = 10_000;

export class Actions {
  readonly #options: ActionsOptions;
  readonly #runs = new Map<ActionConfig, number[]>();

  constructor(options: ActionsOptions) {
    this.#options = options;
    for (const { run } of options.actions) if (run) this.#check(run);
  }

  /** Does what the configuration says for this occasion; never throws. */
  happened(occasion: Occasion & { readonly when: When }): void {
    for (const action of this.#options.actions) {
      if (isMeant(action, occasion) && this.#mayRun(action)) void this.#do(action, occasion);
    }
  }

  async #do({ notify, send, run }: ActionConfig, occasion: Occasion): Promise<void> {
    try {
      if (notify !== undefined) this.#options.notify(filled(notify, occasion));
      if (send !== undefined) this.#options.send(filled(send, occasion, escapeText));
      if (run) await this.#reaction(run)?.(occasion);
    } catch (cause) {
      this.#options.onTrouble(`the action for ${occasion.when} failed`, cause);
    }
  }

  #mayRun(action: ActionConfig): boolean {
    const now = performance.now();
    const recent = (this.#runs.get(action) ?? []).filter((at) => now - at < WITHIN_MS);
    if (recent.length === MOST_RUNS) return false;
    this.#runs.set(action, [...recent, now]);
    if (recent.length === MOST_RUNS - 1)
      this.#options.onTrouble(`the action for ${action.when} ran ${MOST_RUNS} times in 10 s and now rests`);
    return true;
  }

  #check(run: NonNullable<ActionConfig["run"]>): void {
    if (!this.#reaction(run))
      this.#options.onTrouble(`the plug-in "${run.plugin}" has no function "${run.function}" for an action`);
  }

  #reaction({ plugin: name, function: which }: NonNullable<ActionConfig["run"]>) {
    const { reactions = {} } = this.#options.plugins.find((plugin) => plugin.name === name) ?? {};
    return Object.hasOwn(reactions, which) ? reactions[which] : undefined;
  }
}

function isMeant({ when, who, where }: ActionConfig, occasion: Occasion): boolean {
  return when === occasion.when && matches(who, occasion.who) && matches(where, occasion.where);
}

/** `*` stands for anything; letters count in either case. */
function matches(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  const parts = pattern.toLowerCase().split("*");
  const whole = text.toLowerCase();
  const [first = "", ...rest] = parts;
  if (rest.length === 0) return whole === first;
  const last = rest.pop() ?? "";
  if (!whole.startsWith(first) || whole.length < first.length + last.length || !whole.endsWith(last))
    return false;
  const middle = whole.slice(first.length, whole.length - last.length);
  let at = 0;
  return rest.every((part) => {
    const found = middle.indexOf(part, at);
    at = found + part.length;
    return found >= 0;
  });
}

/** `{who}` and `{where}` out of what happened; their text is a stranger's, so that control characters go. */
export function filled(template: string, { who, where }: Occasion, written = (text: string) => text): string {
  const values: Readonly<Record<string, string>> = { "{who}": who, "{where}": where };
  return template.replace(/\{(?:who|where)\}/g, (name) =>
    written((values[name] ?? "").replace(/\p{Cc}/gu, " ").slice(0, 256)),
  );
}
