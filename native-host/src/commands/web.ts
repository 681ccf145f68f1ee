/** `partyline web`: the demo site. */
import type { CliCommand } from "./command.ts";
import { runServers, SERVER_OPTIONS } from "./server-processes.ts";

const { flow: _noSip, pcap: _noCapture, ...options } = SERVER_OPTIONS;

export const web: CliCommand = {
  summary: "Runs the demo site, a film community with a conference for each page, until Ctrl-C.",
  usage: "[--bind ADDRESS] [--port N] [--conference HOST:PORT]",
  options: {
    ...options,
    conference: { type: "string", value: "HOST:PORT", help: "the conference server its pages name" },
  },
  words: [0, 0],
  run: (input) => runServers(["web"], input),
};
