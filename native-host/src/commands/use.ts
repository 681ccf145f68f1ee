/** `partyline use D`: goes on with the call on another device. */
import { el } from "../xml/strict.ts";
import { type CliCommand, printable } from "./command.ts";
import { commandAsking } from "./talk.ts";

export const use: CliCommand = {
  summary: "Takes the call to another device.",
  usage: "D [--call C]",
  options: { call: { type: "string", value: "C", help: "which call; the current one when missing" } },
  words: [1, 1],
  run: (input) => {
    const [dev = ""] = input.words;
    return commandAsking(input, el("Use", { dev, call: input.text("call") }), dev, () =>
      printable(`The call is on ${dev} now.`),
    );
  },
};
