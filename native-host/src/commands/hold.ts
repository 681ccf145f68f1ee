/** `partyline hold`: the far end waits. */
import { el } from "../xml/strict.ts";
import type { CliCommand } from "./command.ts";
import { command } from "./talk.ts";

export const hold: CliCommand = {
  summary: "Puts the call on hold: nobody hears the other.",
  usage: "[--call C]",
  options: { call: { type: "string", value: "C", help: "which call; the current one when missing" } },
  words: [0, 0],
  run: (input) => command(input, el("Hold", { call: input.text("call") }), () => "The call is on hold."),
};
