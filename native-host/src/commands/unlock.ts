/** `partyline unlock`: everybody gets into the conference again. */
import { el } from "../xml/strict.ts";
import type { CliCommand } from "./command.ts";
import { command } from "./talk.ts";

export const unlock: CliCommand = {
  summary: "Lets everybody into the conference again; its moderators may.",
  usage: "[--call C]",
  options: { call: { type: "string", value: "C", help: "which call; the current one when missing" } },
  words: [0, 0],
  run: (input) => command(input, el("Unlock", { call: input.text("call") }), () => "The conference is open."),
};
