/** `partyline servers`: everything a demo needs, together. */
import type { CliCommand } from "./command.ts";
import { CONTROL_OPTIONS, runServers, SERVER_OPTIONS, TRANSPORT_OPTIONS } from "./server-processes.ts";

const { port: _onePort, ...common } = SERVER_OPTIONS;
/** What proxy and conference server can share: all but ports. */
const { "tls-port": _tls, "ws-port": _ws, "wss-port": _wss, ...shared } = TRANSPORT_OPTIONS;

export const servers: CliCommand = {
  summary: "Runs proxy, conference, mixer and web together until Ctrl-C.",
  usage: "[--bind ADDRESS] [--port-base N] [--certificate FILE --key FILE] [--flow]",
  options: { ...common, ...shared, ...CONTROL_OPTIONS },
  words: [0, 0],
  run: (input) => runServers(["mixer", "conference", "proxy", "web"], input),
};
