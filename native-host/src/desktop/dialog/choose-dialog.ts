/** Which program asks on this desktop. */
import type { Dialog } from "./dialog.ts";
import { kdialog } from "./kdialog.ts";
import { osascript } from "./osascript.ts";
import { powershell } from "./powershell.ts";
import { zenity } from "./zenity.ts";

export interface Desktop {
  readonly platform: string;
  /** Whether windows can be shown. */
  readonly display: boolean;
  /** $XDG_CURRENT_DESKTOP */
  readonly desktop: string;
  /** Whether the program is on PATH. */
  has(program: string): boolean;
}

/** Undefined where nothing can be shown. */
export function dialogOf({ platform, display, desktop, has }: Desktop): Dialog | undefined {
  if (platform === "darwin") return osascript;
  if (platform === "win32") return powershell;
  if (!display) return undefined;
  const known: readonly (readonly [string, Dialog])[] = [
    ["zenity", zenity],
    ["kdialog", kdialog],
  ];
  const wished = /KDE|LXQt/i.test(desktop) ? known.toReversed() : known;
  return wished.find(([program]) => has(program))?.[1];
}
