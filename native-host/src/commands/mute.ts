/** `partyline mute`: the microphone goes off. */
import { el } from "../xml/strict.ts";
import type { CliCommand } from "./command.ts";
import { command } from "./talk.ts";

export const mute: CliCommand = {
  summary: "Turns the microphone off.",
  usage: "[--call C]",
  options: { call: { type: "string", value: "C", help: "which call; the current one when missing" } },
  words: [0, 0],
  run: (input) => command(input, el("Mute", { call: input.text("call") }), () => "The microphone is off."),
};
