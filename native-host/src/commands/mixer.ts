/** `partyline mixer`: the media of every conference. */
import type { CliCommand } from "./command.ts";
import { MEDIA_OPTIONS, METRICS_OPTION, runServers, SERVER_OPTIONS } from "./server-processes.ts";

export const mixer: CliCommand = {
  summary: "Runs the mixer until Ctrl-C.",
  usage: "[--bind ADDRESS] [--port N] [--rtp FIRST-LAST] [--codecs LIST]",
  options: {
    ...SERVER_OPTIONS,
    ...METRICS_OPTION,
    ...MEDIA_OPTIONS,
  },
  words: [0, 0],
  run: (input) => runServers(["mixer"], input),
};
