/** `partyline janus`: Janus's AudioBridge as a mixer of conferences. */
import type { CliCommand } from "./command.ts";
import { METRICS_OPTION, runServers, SERVER_OPTIONS } from "./server-processes.ts";

export const janus: CliCommand = {
  summary: "Runs a mixer whose media a Janus server mixes, until Ctrl-C.",
  usage:
    "[--bind ADDRESS] [--port N] [--rtp FIRST-LAST] [--janus URL] [--inside ADDRESS] [--api-secret FILE]",
  options: {
    ...SERVER_OPTIONS,
    ...METRICS_OPTION,
    rtp: { type: "string", value: "FIRST-LAST", help: "ports for the phones' media" },
    janus: { type: "string", value: "URL", help: "Janus's WebSocket API (ws://127.0.0.1:8188)" },
    inside: {
      type: "string",
      value: "ADDRESS",
      help: "address of this machine that Janus sends to (127.0.0.1)",
    },
    "api-secret": { type: "string", value: "FILE", help: "holds the api_secret of Janus's configuration" },
  },
  words: [0, 0],
  run: (input) => runServers(["janus"], input),
};
