/** The window of calls that come in; closed without an answer it stops ringing here, and the call rings on elsewhere. */
import type { View } from "../messages.ts";
import { byId, show, text } from "../popup/dom.ts";
import { showIncoming, wireIncomingKeys } from "../popup/incoming-card.ts";
import { hasSettled } from "../popup/settled.ts";
import { watchView } from "../watch-view.ts";

// The worker closes this window when nobody calls any more.
function render(view: View): void {
  const incoming = view.incoming.filter(({ silenced }) => !silenced);
  showIncoming(byId("incoming", HTMLElement), { ...view, incoming });
  show("problem", view.problem !== undefined);
  text("problem", view.problem ? `${view.problem.sentence} ${view.problem.step}` : "");
}

document.addEventListener("keydown", ({ key }) => {
  if (key === "Escape" && hasSettled()) window.close();
});
wireIncomingKeys();
watchView("incoming", render);
