/** `partyline join URI`: calls, with the device named or chosen. */
import type { CliCommand } from "./command.ts";
import { joinAndSay } from "./join-and-say.ts";

export const join: CliCommand = {
  summary: "Calls a conference or a person; without --dev it asks which device to use.",
  usage: "URI [--dev D] [--muted] [--display NAME]",
  options: {
    dev: { type: "string", value: "D", help: "the device to talk through; see: partyline devices" },
    muted: { type: "boolean", help: "begin with the microphone off" },
    display: { type: "string", value: "NAME", help: "the name to show there" },
  },
  words: [1, 1],
  run: (input) => joinAndSay(input, false),
};
