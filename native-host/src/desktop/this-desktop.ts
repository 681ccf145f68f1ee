/** The desktop of the user who started this process. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { desktopEnvironment } from "../environment.ts";
import type { Desktop } from "./dialog/choose-dialog.ts";

export function thisDesktop(): Desktop {
  const { display, desktop, path } = desktopEnvironment();
  return { platform: process.platform, display, desktop, has: (program) => isOnPath(program, path) };
}

function isOnPath(program: string, path: string): boolean {
  return path.split(delimiter).some((place) => isExecutable(join(place, program)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
