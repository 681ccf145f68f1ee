/** The settings: name, microphone, sites, devices and how the service does. */
import type { ServiceState, View } from "../messages.ts";
import { byId, text } from "../popup/dom.ts";
import { send } from "../send.ts";
import { watchView } from "../watch-view.ts";
import { watchMicrophone } from "./microphone.ts";
import { showPhones } from "./phones.ts";
import { showSites } from "./sites.ts";
import { showSwitches, wireSwitches } from "./switches.ts";

let named = false;

function render(view: View): void {
  const name = byId("name", HTMLInputElement);
  if (!named) name.value = view.identity;
  named = true;
  showSites(view.sites);
  showPhones(view.devices);
  showSwitches(view.switches);
  showService(view.service);
}

const SERVICE: Readonly<Record<ServiceState, readonly [string, string]>> = {
  idle: ["The service is not needed at the moment.", "It starts by itself when you join a conference."],
  connecting: ["Connecting to the service…", ""],
  ready: ["The service runs, and this browser is connected to it.", ""],
  lost: ["The service stopped answering; this browser is trying to reach it again.", ""],
  missing: [
    "The service is not installed on this computer, or not for this browser.",
    "Run “npx partyline install” in a terminal, then check again. “npx partyline doctor” says more.",
  ],
};

function showService(service: ServiceState): void {
  const [sentence, step] = SERVICE[service];
  text("service-state", sentence);
  text("service-step", step);
}

byId("identity", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const saved = send("set-identity", { name: byId("name", HTMLInputElement).value });
  saved.then(
    () => text("name-saved", "Saved."),
    () => text("name-saved", "That could not be saved; try again."),
  );
});
byId("service-try", HTMLButtonElement).addEventListener("click", () => {
  send("try-host", {}).catch(() => undefined);
});
watchMicrophone();
wireSwitches();
watchView("options", render);
