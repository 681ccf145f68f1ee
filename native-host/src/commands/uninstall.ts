/** `partyline uninstall`: takes back what install wrote. */
import { rm } from "node:fs/promises";
import { browserNames, removeManifest } from "../desktop/browser-manifests.ts";
import { type CliCommand, Input, print } from "./command.ts";
import { INSTALL_OPTIONS, launcherPath, targetsOf } from "./install.ts";

export const uninstall: CliCommand = {
  summary: "Removes what install wrote, from every browser or from those named.",
  usage: "[--browser NAME]… [--user-data-dir DIR]",
  options: INSTALL_OPTIONS,
  words: [0, 0],
  run: async (input) => {
    const everywhere = input.list("browser").length === 0;
    const profile = input.text("user-data-dir");
    const all = new Input([], { browser: [...browserNames], "user-data-dir": undefined });
    const targets = await targetsOf(everywhere && profile === undefined ? all : input);
    for (const { path, words } of targets) {
      if (await removeManifest(path)) print(`${words}: removed`);
    }
    if (everywhere) await rm(launcherPath(input, targets), { force: true });
    return 0;
  },
};
