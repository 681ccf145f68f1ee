/** The microphone's permission: only a page the user sees can ask; the grant then serves the offscreen document too. */
import { byId, show, text } from "../popup/dom.ts";
import { send } from "../send.ts";

const SENTENCES: Readonly<Record<PermissionState, string>> = {
  granted: "Allowed: this browser can be your phone.",
  denied: "Blocked: click the icon at the left of the address bar and allow the microphone for this page.",
  prompt: "Not allowed yet: the browser will ask you.",
};

/** Shows the permission as it changes, and asks for it at a click. */
export function watchMicrophone(): void {
  byId("microphone-allow", HTMLButtonElement).addEventListener("click", () => {
    ask().catch(() =>
      text("microphone-state", "The browser found no microphone: plug one in and try again."),
    );
  });
  watch().catch(() => show("microphone-allow", true));
}

async function watch(): Promise<void> {
  const permission = await navigator.permissions.query({ name: "microphone" });
  const display = () => {
    text("microphone-state", SENTENCES[permission.state]);
    show("microphone-allow", permission.state === "prompt");
  };
  permission.addEventListener("change", display);
  display();
}

async function ask(): Promise<void> {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
  } catch (refused) {
    if (refused instanceof DOMException && refused.name === "NotAllowedError") return;
    throw refused;
  }
  await send("microphone-granted", {});
}
