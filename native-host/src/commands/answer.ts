/** `partyline answer`: takes a call that comes in. */
import { el } from "../xml/strict.ts";
import type { CliCommand } from "./command.ts";
import { toIncoming } from "./incoming-call.ts";

export const answer: CliCommand = {
  summary: "Takes the call that comes in.",
  usage: "[--dev D] [--call C]",
  options: {
    dev: { type: "string", value: "D", help: "with which device; asked for when several are ready" },
    call: { type: "string", value: "C", help: "which call, when several come in" },
  },
  words: [0, 0],
  run: (input) =>
    toIncoming(
      input,
      (call) => el("Answer", { call, dev: input.text("dev") }),
      (who) => `You talk with ${who}.`,
    ),
};
