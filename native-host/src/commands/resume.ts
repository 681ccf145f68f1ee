/** `partyline resume`: the far end is back from hold. */
import { el } from "../xml/strict.ts";
import type { CliCommand } from "./command.ts";
import { command } from "./talk.ts";

export const resume: CliCommand = {
  summary: "Goes on with a call that is on hold.",
  usage: "[--call C]",
  options: { call: { type: "string", value: "C", help: "which call; the current one when missing" } },
  words: [0, 0],
  run: (input) => command(input, el("Resume", { call: input.text("call") }), () => "The call goes on."),
};
