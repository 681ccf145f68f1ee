/** `partyline conference`: the focus of every conference. */
import type { CliCommand } from "./command.ts";
import { runServers, SERVER_OPTIONS, TRANSPORT_OPTIONS } from "./server-processes.ts";

export const conference: CliCommand = {
  summary: "Runs the conference server until Ctrl-C.",
  usage:
    "[--bind ADDRESS] [--port N] [--mixer URI] [--moderator URI --users FILE] [--outbound-proxy URI] [--credentials FILE] [--certificate FILE --key FILE] [--ws-port N]",
  options: {
    ...SERVER_OPTIONS,
    ...TRANSPORT_OPTIONS,
    moderator: {
      type: "string",
      multiple: true,
      value: "URI",
      help: "may remove, mute and invite anybody and lock any conference; needs --users; may be repeated",
    },
    users: {
      type: "string",
      value: "FILE",
      help: "the moderators' passwords, as partyline passwd makes them",
    },
    "outbound-proxy": {
      type: "string",
      value: "URI",
      help: "people are called into conferences by this proxy",
    },
    credentials: {
      type: "string",
      value: "FILE",
      help: "what that proxy is shown when it asks for a password: a line as partyline passwd makes it",
    },
    mixer: { type: "string", value: "URI", help: "the mixer that mixes the conferences" },
  },
  words: [0, 0],
  run: (input) => runServers(["conference"], input),
};
