/** `partyline open URI`: what the operating system runs for a sip: link. */
import type { CliCommand } from "./command.ts";
import { joinAndSay } from "./join-and-say.ts";

export const open: CliCommand = {
  summary: "Calls the address of a sip: link, starting the service if need be.",
  usage: "URI",
  words: [1, 1],
  run: (input) => joinAndSay(input, true),
};
