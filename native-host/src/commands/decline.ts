/** `partyline decline`: refuses a call that comes in. */
import { el } from "../xml/strict.ts";
import type { CliCommand } from "./command.ts";
import { toIncoming } from "./incoming-call.ts";

export const decline: CliCommand = {
  summary: "Refuses the call that comes in.",
  usage: "[--call C] [--code STATUS]",
  options: {
    call: { type: "string", value: "C", help: "which call, when several come in" },
    code: {
      type: "string",
      value: "STATUS",
      help: "what the caller hears: 603 declined, 486 busy, 480 not there",
    },
  },
  words: [0, 0],
  run: (input) =>
    toIncoming(
      input,
      (call) => el("Decline", { call, code: input.text("code") }),
      (who) => `${who} was told no.`,
    ),
};
