/** `partyline switch URI`: moves the call to another conference without a break. */
import { el } from "../xml/strict.ts";
import { type CliCommand, printable } from "./command.ts";
import { commandAsking } from "./talk.ts";

export const switchCommand: CliCommand = {
  summary: "Moves the call to another conference or person; the device stays in it.",
  usage: "URI [--call C]",
  options: { call: { type: "string", value: "C", help: "which call; the current one when missing" } },
  words: [1, 1],
  run: (input) => {
    const [id = ""] = input.words;
    const move = el("SameDeviceJoin", { id, call: input.text("call"), fallback: "error" });
    return commandAsking(input, move, id, ({ attributes }) =>
      printable(`Moved to ${attributes["conf"] ?? id}; the device waited ${attributes["gap"] ?? 0} ms.`),
    );
  },
};
