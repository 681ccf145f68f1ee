/** `partyline leave`: hangs up. */
import { el } from "../xml/strict.ts";
import type { CliCommand } from "./command.ts";
import { command } from "./talk.ts";

export const leave: CliCommand = {
  summary: "Hangs up.",
  usage: "[--call C] [--all]",
  options: {
    call: { type: "string", value: "C", help: "which call; the current one when missing" },
    all: { type: "boolean", help: "every call" },
  },
  words: [0, 0],
  run: (input) =>
    command(
      input,
      el("Leave", { call: input.text("call"), all: input.flag("all") || undefined }),
      () => "Left.",
    ),
};
