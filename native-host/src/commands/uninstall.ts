/** `partyline uninstall`: takes back what install wrote. */
import { execFile } from "node:child_process";
import { rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { browserNames, manifestChanges } from "../desktop/browser-manifests.ts";
import { exists, takeBack } from "../desktop/changes.ts";
import { uninstallHandler } from "../desktop/sip-handler/handler.ts";
import { STOP_UNIT, systemdUnit } from "../desktop/systemd.ts";
import { type CliCommand, type Input, print } from "./command.ts";
import {
  BROWSER_OPTIONS,
  bridgePath,
  isWhole,
  openerPath,
  starterPath,
  targetsOf,
  whereOf,
} from "./installation.ts";

export const uninstall: CliCommand = {
  summary: "Removes what install wrote, everywhere or from the browsers named.",
  usage: "[--browser NAME]… [--user-data-dir DIR]",
  options: BROWSER_OPTIONS,
  words: [0, 0],
  run: async (input) => {
    const { platform } = process;
    for (const { path, browser, words } of await targetsOf(input, browserNames)) {
      const gone = await takeBack(manifestChanges(path, "", browser, platform));
      if (gone.length > 0) print(`${words}: removed`);
      await removeEmpty(dirname(path));
    }
    if (input.list("browser").length > 0) return 0;
    await rm(bridgePath(input), { force: true });
    if (isWhole(input)) await removeRest(input);
    return 0;
  },
};

async function removeRest(input: Input): Promise<void> {
  const where = whereOf(input);
  const links = await uninstallHandler(where, openerPath(input));
  if (links.length > 0) print("sip: links: removed");
  const unit = systemdUnit(where.configHome, "");
  if (await exists(unit.files[0]?.path ?? "")) {
    await promisify(execFile)(STOP_UNIT.program, [...STOP_UNIT.args]).catch(() => undefined);
    await takeBack(unit);
    print("systemd: removed");
  }
  for (const launcher of [openerPath(input), starterPath(input)]) await rm(launcher, { force: true });
  await removeEmpty(where.dataDir);
}

/** A folder that only we had something in. */
async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => undefined);
}
