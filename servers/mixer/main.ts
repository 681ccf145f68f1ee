/** Starts the mixer from its command line. */
import { MEDIA_USAGE, RTP_PORTS, readMedia } from "../media-server/options.ts";
import { COMMON_USAGE, commonOptions, readPort, runServer } from "../process.ts";
import { openMixerServer } from "./server.ts";

const USAGE = `mixer [--bind ADDRESS] [--port N] [--rtp FIRST-LAST] [--codecs LIST] [--log-level LEVEL] [--flow]

  --bind ADDRESS     where to listen, for SIP and for media: one literal address (127.0.0.1)
  --port N           SIP port, UDP and TCP, 0 for any free one (5090)
${MEDIA_USAGE}${COMMON_USAGE}
SIGUSR2 writes all legs, streams and counters to the log.
`;

await runServer({
  name: "mixer",
  usage: USAGE,
  options: {
    ...commonOptions(5090),
    rtp: { type: "string", default: RTP_PORTS },
    codecs: { type: "string" },
  },
  read: ({ bind, port, rtp, codecs }) => ({
    host: bind,
    port: readPort(port),
    ...readMedia(bind, rtp, codecs),
  }),
  async open(settings, { log, trace }) {
    const server = await openMixerServer({ ...settings, log, ...trace() });
    process.on("SIGUSR2", () => void server.dump().then((dump) => log.info({ dump }, "dump")));
    return server;
  },
});
