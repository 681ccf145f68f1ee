/** The system's handler of sip: and sips: links, and of tel: where the user wants that (mission S2). */
import { rm, writeFile } from "node:fs/promises";
import { apply, type Changes, takeBack } from "../changes.ts";
import { type LinuxHome, linuxHandler, withoutLinuxHandler } from "./linux.ts";
import { macHandler } from "./macos.ts";
import { windowsHandler } from "./windows.ts";

export type Schemes = readonly ("sip" | "sips" | "tel")[];

export interface HandlerHome extends LinuxHome {
  readonly home: string;
  readonly platform: string;
}

/** Makes us the program that opens these links. */
export async function installHandler(where: HandlerHome, launcher: string, schemes: Schemes): Promise<void> {
  await apply(await changesOf(where, launcher, schemes));
}

/** Undoes that, and leaves what others have said; resolves with what was removed. */
export async function uninstallHandler(where: HandlerHome, launcher: string): Promise<readonly string[]> {
  const { platform } = where;
  if (platform === "win32" || platform === "darwin")
    return takeBack(await changesOf(where, launcher, ["sip"]));
  const { list, gone } = await withoutLinuxHandler(where);
  if (list) await (isBare(list.text) ? rm(list.path) : writeFile(list.path, list.text));
  const removed = await takeBack(gone);
  return list ? [...removed, `our lines in ${list.path}`] : removed;
}

/** Nothing but the heading that we may have written. */
function isBare(list: string): boolean {
  return /^\s*(\[Default Applications\]\s*)?$/.test(list);
}

async function changesOf(where: HandlerHome, launcher: string, schemes: Schemes): Promise<Changes> {
  if (where.platform === "win32") return windowsHandler(launcher, schemes);
  if (where.platform === "darwin") return macHandler(where.home, launcher, schemes);
  return linuxHandler(where, launcher, schemes);
}
