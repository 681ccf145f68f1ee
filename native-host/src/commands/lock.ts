/** `partyline lock`: nobody more gets into the conference. */
import { el } from "../xml/strict.ts";
import type { CliCommand } from "./command.ts";
import { command } from "./talk.ts";

export const lock: CliCommand = {
  summary: "Lets nobody more into the conference; its moderators may.",
  usage: "[--call C]",
  options: { call: { type: "string", value: "C", help: "which call; the current one when missing" } },
  words: [0, 0],
  run: (input) => command(input, el("Lock", { call: input.text("call") }), () => "The conference is locked."),
};
