/** `partyline open URI`: what the operating system runs for a sip: link. */
import { callUri } from "../api/fields.ts";
import { notifyOf } from "../desktop/notification.ts";
import { thisDesktop } from "../desktop/this-desktop.ts";
import type { CliCommand, Input } from "./command.ts";
import { joinAndSay } from "./join-and-say.ts";

const SHOWN_FOR_MS = 10_000;

export const open: CliCommand = {
  summary: "Calls the address of a sip: link, starting the service if need be.",
  usage: "URI",
  words: [1, 1],
  run: async (input) => {
    try {
      // A link is a stranger's: it is refused here, before anything is started for it.
      callUri(input.words[0] ?? "");
      return await joinAndSay(input, true);
    } catch (failed) {
      await showFailure(input, failed);
      throw failed;
    }
  },
};

/** Whoever clicked a link sees no terminal. */
async function showFailure(input: Input, failed: unknown): Promise<void> {
  if (process.stdin.isTTY) return;
  const notify = notifyOf(thisDesktop());
  const text = failed instanceof Error ? failed.message : String(failed);
  const title = `Partyline: ${input.words[0] ?? ""} was not called`;
  await notify?.({ title, text }, AbortSignal.timeout(SHOWN_FOR_MS)).catch(() => undefined);
}
