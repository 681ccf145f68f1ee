/** `partyline hand`: asks for the floor in a conference, or no longer. */
import { el } from "../xml/strict.ts";
import { type CliCommand, printable, UsageError } from "./command.ts";
import { command } from "./talk.ts";

export const hand: CliCommand = {
  summary: "Raises your hand in the conference, or lowers it; a moderator lowers that of others.",
  usage: "[up|down] [--user URI] [--call C]",
  options: {
    user: { type: "string", value: "URI", help: "whose hand to lower; yours when missing" },
    call: { type: "string", value: "C", help: "which call; the current one when missing" },
  },
  words: [0, 1],
  run: (input) => {
    const [way = "up"] = input.words;
    const user = input.text("user");
    if (way !== "up" && way !== "down") throw new UsageError("A hand goes up or down: partyline hand down");
    const out = el("Hand", { raised: way === "up", user, call: input.text("call") });
    const done = way === "up" ? "raised" : "lowered";
    return command(input, out, () =>
      printable(`${user === undefined ? "Your" : `${user}: the`} hand is ${done}.`),
    );
  },
};
