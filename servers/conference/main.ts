/** Starts the conference server from its command line. */

import { isSipUri } from "#sip/uri.ts";
import { COMMON_USAGE, commonOptions, readPort, runServer } from "../process.ts";
import { readTransports, TRANSPORT_OPTIONS, TRANSPORT_USAGE } from "../transports.ts";
import { openConferenceServer } from "./server.ts";

const USAGE = `conference [--bind ADDRESS] [--port N] [--mixer URI]
      [--certificate FILE --key FILE] [--tls-port N] [--ca FILE] [--ws-port N] [--wss-port N] [--origin URL]...
      [--name-server IP]... [--log-level LEVEL] [--flow]

  --bind ADDRESS     where to listen, UDP and TCP (127.0.0.1)
  --port N           SIP port, 0 for any free one (5080)
  --mixer URI        the mixer that mixes the conferences (sip:127.0.0.1:5090)
${TRANSPORT_USAGE}${COMMON_USAGE}`;

await runServer({
  name: "conference",
  usage: USAGE,
  options: {
    ...commonOptions(5080),
    mixer: { type: "string", default: "sip:127.0.0.1:5090" },
    ...TRANSPORT_OPTIONS,
  },
  read({ bind, port, mixer, ...transports }) {
    if (!isSipUri(mixer)) throw new Error(`--mixer ${mixer} is not a SIP URI.`);
    return { host: bind, port: readPort(port), ...readTransports(transports, readPort(port)), mixer };
  },
  open: (settings, { log, trace }) =>
    openConferenceServer({
      ...settings,
      log,
      ...trace({ [settings.mixer.replace(/^sips?:/, "")]: "mixer" }),
    }),
});
