/** `partyline remove URI…`: takes people out of the conference. */
import { el } from "../xml/strict.ts";
import { type CliCommand, printable } from "./command.ts";
import { command } from "./talk.ts";

/** More than one command of the API takes. */
const MOST = 64;

export const remove: CliCommand = {
  summary: "Takes people out of the conference: those you invited, or anybody if you moderate it.",
  usage: "URI… [--call C]",
  options: { call: { type: "string", value: "C", help: "which call; the current one when missing" } },
  words: [1, MOST],
  run: (input) => {
    const users = input.words.map((id) => el("User", { id }));
    const out = el("Remove", { call: input.text("call") }, users);
    return command(input, out, () => printable(`Removed: ${input.words.join(", ")}.`));
  },
};
