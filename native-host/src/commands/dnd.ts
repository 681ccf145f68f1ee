/** `partyline dnd on|off`: whether calls that come in are let through. */
import { dataDir } from "../environment.ts";
import { DoNotDisturb } from "../service/do-not-disturb.ts";
import { type CliCommand, type Input, print, UsageError } from "./command.ts";

export const dnd: CliCommand = {
  summary: "Lets no call come in, or all again; without a word it says which.",
  usage: "[on|off]",
  words: [0, 1],
  run: async (input) => {
    const [word] = input.words;
    if (word !== undefined && word !== "on" && word !== "off") {
      throw new UsageError("It is: partyline dnd [on|off]");
    }
    const doNotDisturb = new DoNotDisturb(false, directoryOf(input));
    if (word !== undefined) doNotDisturb.set(word === "on");
    if (input.flag("json")) print(JSON.stringify({ on: doNotDisturb.on }));
    else
      print(
        doNotDisturb.on
          ? "Callers hear that you are busy; their calls are kept as missed."
          : "Calls come in.",
      );
    return 0;
  },
};

function directoryOf(input: Input): string {
  return input.text("data-dir") ?? dataDir();
}
