/** `partyline conference`: the focus of every conference. */
import type { CliCommand } from "./command.ts";
import { runServers, SERVER_OPTIONS, TRANSPORT_OPTIONS } from "./server-processes.ts";

export const conference: CliCommand = {
  summary: "Runs the conference server until Ctrl-C.",
  usage: "[--bind ADDRESS] [--port N] [--mixer URI] [--certificate FILE --key FILE] [--ws-port N]",
  options: {
    ...SERVER_OPTIONS,
    ...TRANSPORT_OPTIONS,
    mixer: { type: "string", value: "URI", help: "the mixer that mixes the conferences" },
  },
  words: [0, 0],
  run: (input) => runServers(["conference"], input),
};
