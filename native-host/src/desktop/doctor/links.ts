/** Whether sip: links are opened with us, and whether the service can be started at log-in. */
import { readFile } from "node:fs/promises";
import { exists } from "../changes.ts";
import { currentHandler, ENTRY, entryPath, type LinuxHome } from "../sip-handler/linux.ts";
import { launcherTrouble } from "./browsers.ts";
import { broken, type Finding, ok, warning } from "./finding.ts";

const WHAT = "sip: links";
const AGAIN = "run: partyline install";

export async function checkLinks(home: LinuxHome, launcher: string): Promise<Finding> {
  const handler = await currentHandler(home);
  if (handler === undefined) return warning(WHAT, "Nobody is said to open them.", AGAIN);
  if (handler !== ENTRY)
    return warning(WHAT, `They are opened with ${handler}.`, `${AGAIN}, if they shall be ours`);
  const entry = await readFile(entryPath(home), "utf8").catch(() => undefined);
  if (entry === undefined) return broken(WHAT, `${entryPath(home)} is not there.`, AGAIN);
  if (!entry.includes("partyline-open"))
    return broken(WHAT, `${entryPath(home)} starts something else.`, AGAIN);
  const trouble = await launcherTrouble(launcher);
  return trouble === undefined ? ok(WHAT, "They are opened with Partyline.") : broken(WHAT, trouble, AGAIN);
}

/** Undefined when the service is not started at log-in. */
export async function checkUnit(unit: string, launcher: string): Promise<Finding | undefined> {
  if (!(await exists(unit))) return undefined;
  const trouble = await launcherTrouble(launcher);
  return trouble === undefined
    ? ok("systemd", "The service starts when you log in.")
    : broken("systemd", trouble, `${AGAIN} --systemd`);
}
