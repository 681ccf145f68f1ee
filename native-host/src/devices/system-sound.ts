/** Whether this machine has sound: a card, or a sound server of the user's. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";

export async function isAudible(): Promise<boolean> {
  const cards = await readFile("/proc/asound/cards", "utf8").catch(() => "");
  return /^\s*\d+ \[/m.test(cards) || existsSync(`/run/user/${process.getuid?.()}/pulse/native`);
}
