/** `partyline dtmf DIGITS`: plays the digits of a telephone's keys. */
import { el } from "../xml/strict.ts";
import type { CliCommand } from "./command.ts";
import { command } from "./talk.ts";

export const dtmf: CliCommand = {
  summary: "Plays digits, as the keys of a telephone do: 0-9 * # A-D, a comma for a second's pause.",
  usage: "DIGITS [--duration MS] [--call C]",
  options: {
    duration: { type: "string", value: "MS", help: "how long each sounds (100)" },
    call: { type: "string", value: "C", help: "which call; the current one when missing" },
  },
  words: [1, 1],
  run: (input) => {
    const [digits = ""] = input.words;
    const play = el("Dtmf", { digits, duration: input.text("duration"), call: input.text("call") });
    return command(input, play, () => `Played ${digits}.`);
  },
};
