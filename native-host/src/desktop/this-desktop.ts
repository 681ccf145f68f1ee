/** The desktop of the user who started this process. */
import { desktopEnvironment } from "../environment.ts";
import { isInstalled } from "../installed.ts";
import type { Desktop } from "./dialog/choose-dialog.ts";

export function thisDesktop(): Desktop {
  const { display, desktop, path } = desktopEnvironment();
  return { platform: process.platform, display, desktop, has: (program) => isInstalled(program, path) };
}
