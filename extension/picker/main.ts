/** The window of a question: with which device to call, or whether to call what a link names. */
import type { LinkView, View } from "../messages.ts";
import { cancelPicker, showPicker, wirePicker } from "../popup/device-picker.ts";
import { byId, show, text } from "../popup/dom.ts";
import { hasSettled, isMeant } from "../popup/settled.ts";
import { send } from "../send.ts";
import { watchView } from "../watch-view.ts";

let link: LinkView | undefined;

// The worker closes this window when nothing is asked any more, wherever it was answered.
function render({ prompt, link: asked }: View): void {
  showPicker(prompt);
  showLink(prompt ? undefined : asked);
  show("wait", !prompt && !asked);
}

function showLink(now: LinkView | undefined): void {
  const isNew = now !== undefined && now.uri !== link?.uri;
  link = now;
  show("link", now !== undefined);
  if (!now || !isNew) return;
  text("link-title", `Call ${now.address}?`);
  text("link-why", "You clicked on a link that calls. You can be heard as soon as somebody answers.");
  text("link-site", now.site);
  text("link-address", now.address);
  byId("link-yes", HTMLButtonElement).focus();
}

function answer(call: boolean): void {
  send("answer-link", { call }).catch(() => undefined);
}

byId("link-yes", HTMLButtonElement).addEventListener("click", (event) => {
  if (isMeant(event)) answer(true);
});
byId("link-no", HTMLButtonElement).addEventListener("click", () => answer(false));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !hasSettled()) return;
  if (link) answer(false);
  else cancelPicker(() => undefined);
});
wirePicker(() => undefined);
watchView("picker", render);
