/** `partyline missed`: the calls that came in and were not answered. */
import { dataDir } from "../environment.ts";
import { type MissedCall, MissedCalls } from "../service/missed-calls.ts";
import { type CliCommand, type Input, print, printable } from "./command.ts";

const WHY: Readonly<Record<string, string>> = {
  "no-answer": "nobody answered",
  cancelled: "the caller gave up",
  busy: "the line was busy",
};

export const missed: CliCommand = {
  summary: "Lists the calls that were not answered, the last one first.",
  usage: "[--clear] [--json]",
  options: { clear: { type: "boolean", help: "forget them" } },
  words: [0, 0],
  run: async (input) => {
    const list = missedCallsOf(input);
    const calls = list.all.toReversed();
    if (input.flag("clear")) list.clear();
    if (input.flag("json")) print(JSON.stringify(calls));
    else if (calls.length === 0) print("No call was missed.");
    else for (const call of calls) print(line(call));
    return 0;
  },
};

export function missedCallsOf(input: Input): MissedCalls {
  return new MissedCalls(input.text("data-dir") ?? dataDir());
}

function line({ id, display, at, why }: MissedCall): string {
  const who = display === undefined ? id : `${display} <${id}>`;
  return printable(`${at.slice(0, 16).replace("T", " ")} UTC  ${who}, ${WHY[why] ?? why}`);
}
