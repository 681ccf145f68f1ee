/** `partyline unmute`: the microphone goes on. */
import { el } from "../xml/strict.ts";
import type { CliCommand } from "./command.ts";
import { command } from "./talk.ts";

export const unmute: CliCommand = {
  summary: "Turns the microphone on.",
  usage: "[--call C]",
  options: { call: { type: "string", value: "C", help: "which call; the current one when missing" } },
  words: [0, 0],
  run: (input) => command(input, el("Unmute", { call: input.text("call") }), () => "The microphone is on."),
};
