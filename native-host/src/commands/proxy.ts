/** `partyline proxy`: registrar and proxy. */
import type { CliCommand } from "./command.ts";
import { METRICS_OPTION, runServers, SERVER_OPTIONS, TRANSPORT_OPTIONS } from "./server-processes.ts";

export const proxy: CliCommand = {
  summary: "Runs the SIP proxy and registrar until Ctrl-C.",
  usage:
    "[--bind ADDRESS] [--port N] [--domain NAME]… [--users FILE] [--certificate FILE --key FILE] [--ws-port N]",
  options: {
    ...SERVER_OPTIONS,
    ...METRICS_OPTION,
    ...TRANSPORT_OPTIONS,
    domain: {
      type: "string",
      multiple: true,
      value: "NAME",
      help: "a domain whose users register here; may be repeated",
    },
    "follow-redirects": {
      type: "boolean",
      help: "calls where a phone sends its callers instead of telling them",
    },
    users: {
      type: "string",
      value: "FILE",
      help: "who may register and call, as passwd writes them; without it the machines beside this one",
    },
  },
  words: [0, 0],
  run: (input) => runServers(["proxy"], input),
};
