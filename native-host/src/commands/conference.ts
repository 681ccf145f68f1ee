/** `partyline conference`: the focus of every conference. */
import type { CliCommand } from "./command.ts";
import {
  CONTROL_OPTIONS,
  MEDIA_OPTIONS,
  METRICS_OPTION,
  runServers,
  SERVER_OPTIONS,
  TRANSPORT_OPTIONS,
} from "./server-processes.ts";

export const conference: CliCommand = {
  summary: "Runs the conference server until Ctrl-C.",
  usage:
    "[--bind ADDRESS] [--port N] [--mixer URI|own]… [--rtp FIRST-LAST] [--codecs LIST] [--moderator URI --users FILE] [--outbound-proxy URI] [--credentials FILE] [--factory NAME] [--state FILE] [--session SECONDS] [--trusted-proxy ADDRESS]… [--control-token FILE] [--control-port N] [--certificate FILE --key FILE] [--ws-port N]",
  options: {
    ...SERVER_OPTIONS,
    ...METRICS_OPTION,
    ...TRANSPORT_OPTIONS,
    ...CONTROL_OPTIONS,
    ...MEDIA_OPTIONS,
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
    factory: {
      type: "string",
      value: "NAME",
      help: "whoever calls sip:NAME@ gets a conference of their own (factory)",
    },
    state: {
      type: "string",
      value: "FILE",
      help: "keeps locks, PINs and who was in across a crash",
    },
    session: {
      type: "string",
      value: "SECONDS",
      help: "each call is asked at least so often whether it still stands (90)",
    },
    "trusted-proxy": {
      type: "string",
      multiple: true,
      value: "IP",
      help: "all calls from there come by a proxy, whose word is taken for where from and from whom",
    },
    "join-rate": { type: "string", value: "N", help: "calls a second from one address, 0 for any number" },
    "join-rate-all": { type: "string", value: "N", help: "the same from all addresses together" },
    mixer: {
      type: "string",
      multiple: true,
      value: "URI",
      help: "what mixes the conferences, own for this server itself; with several another goes on when one dies",
    },
  },
  words: [0, 0],
  run: (input) => runServers(["conference"], input),
};
