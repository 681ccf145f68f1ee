/** Asks the user on the desktop when a call wants a phone and nobody else asks: no browser, no terminal (mission S4). */
import type { CallControl, ClientId, PromptView } from "../api/call-control.ts";
import type { Dialog } from "./dialog/dialog.ts";

/** Who the desktop is, as a client of the service. */
export const DESKTOP: ClientId = "desktop";

export interface DevicePromptOptions {
  readonly service: Pick<CallControl, "subscribe" | "choose">;
  readonly dialog: Dialog;
  /** Whether another client shows prompts. */
  elsewhere(): boolean;
  readonly onTrouble: (what: string, cause: unknown) => void;
}

/** Answers prompts from now on; the function returned ends that, and closes what is open. */
export function answerPrompts(options: DevicePromptOptions): () => void {
  const over = new AbortController();
  const open = new Map<string, AbortController>();
  const about = { client: DESKTOP };
  const show = (prompt: PromptView) => {
    const closed = new AbortController();
    open.set(prompt.prompt, closed);
    void ask(prompt, options, AbortSignal.any([over.signal, closed.signal])).finally(() =>
      open.delete(prompt.prompt),
    );
  };
  const stop = options.service.subscribe("prompts", about, (event) => {
    if (event.name === "Prompt" && !options.elsewhere()) show(event.prompt);
    if (event.name === "PromptOver") open.get(event.prompt)?.abort();
  });
  return () => {
    stop();
    over.abort();
  };
}

async function ask(prompt: PromptView, options: DevicePromptOptions, signal: AbortSignal): Promise<void> {
  const { service, dialog, onTrouble } = options;
  const suggested = prompt.devices.toSorted((a, b) => Number(b.default) - Number(a.default));
  const devices = suggested
    .filter(({ state }) => state !== "offline")
    .map(({ dev, name }) => ({ dev, name }));
  try {
    const choice = await dialog({ target: prompt.id, site: prompt.origin, devices }, signal);
    const answer = choice ? { device: choice.dev, cancel: false } : { cancel: true };
    service.choose({
      prompt: prompt.prompt,
      ...answer,
      remember: choice?.remember ?? "no",
      client: DESKTOP,
    });
  } catch (cause) {
    // Answered elsewhere meanwhile, or closed because nobody needs the answer.
    if (!signal.aborted) onTrouble("the question for a phone could not be shown", cause);
  }
}
