/** `partyline servers`: everything a demo needs, together. */
import type { CliCommand } from "./command.ts";
import { runServers, SERVER_OPTIONS } from "./server-processes.ts";

const { port: _onePort, ...options } = SERVER_OPTIONS;

export const servers: CliCommand = {
  summary: "Runs proxy, conference, mixer and web together until Ctrl-C.",
  usage: "[--bind ADDRESS] [--port-base N] [--flow]",
  options,
  words: [0, 0],
  run: (input) => runServers(["mixer", "conference", "proxy", "web"], input),
};
