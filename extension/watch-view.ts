/** A screen's line to the worker: hears each View, however often the worker dies and is woken again. */
import browser from "webextension-polyfill";
import type { View } from "./messages.ts";

/** A worker that was just woken has this long to say what is so. */
const FIRST_WORD_MS = 500;

/** Connecting wakes the worker, and it says at once what is so; `screen` names who listens. */
export function watchView(
  screen: "view" | "options" | "picker" | "incoming",
  render: (view: View) => void,
): void {
  const again = () => watchView(screen, render);
  const port = browser.runtime.connect({ name: screen });
  // A connection made in the moment of the worker's death is never heard of again, not even that it ended.
  const unheard = setTimeout(() => {
    port.disconnect();
    again();
  }, FIRST_WORD_MS);
  port.onMessage.addListener((view) => {
    clearTimeout(unheard);
    render(view as View);
  });
  port.onDisconnect.addListener(() => {
    clearTimeout(unheard);
    again();
  });
}
