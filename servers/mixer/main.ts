/** Starts the mixer from its command line. */
import { isIP } from "node:net";
import type { Codec } from "#rtp/g711.ts";
import { COMMON_USAGE, commonOptions, readPort, runServer } from "../process.ts";
import { readRtpRange } from "../rtp-range.ts";
import { openMixerServer } from "./server.ts";

const USAGE = `mixer [--bind ADDRESS] [--port N] [--rtp FIRST-LAST] [--codecs LIST] [--log-level LEVEL] [--flow]

  --bind ADDRESS     where to listen, for SIP and for media: one literal address (127.0.0.1)
  --port N           SIP port, UDP and TCP, 0 for any free one (5090)
  --rtp FIRST-LAST   ports for media, the even ones are used; 0 for any free ones (40000-49999)
  --codecs LIST      PCMU,PCMA or one of them: what it speaks, best first, whatever the caller prefers
${COMMON_USAGE}
SIGUSR2 writes all legs, streams and counters to the log.
`;

const CODECS = ["PCMU", "PCMA"] as const;

/** None when not said: then the caller's order counts. */
function readCodecs(text: string | undefined): { readonly codecs?: readonly Codec[] } {
  if (text === undefined) return {};
  const named = text.split(",");
  const codecs = named.flatMap((name) => CODECS.filter((codec) => codec === name));
  if (codecs.length !== named.length || new Set(codecs).size !== codecs.length)
    throw new Error(`--codecs ${text} is not a list of ${CODECS.join(" and ")}.`);
  return { codecs };
}

await runServer({
  name: "mixer",
  usage: USAGE,
  options: {
    ...commonOptions(5090),
    rtp: { type: "string", default: "40000-49999" },
    codecs: { type: "string" },
  },
  read({ bind, port, rtp, codecs }) {
    if (isIP(bind) === 0 || bind === "0.0.0.0" || bind === "::")
      throw new Error(`--bind ${bind} is not one literal address; participants must be told where to send.`);
    return { host: bind, port: readPort(port), rtp: readRtpRange(rtp), ...readCodecs(codecs) };
  },
  async open(settings, { log, trace }) {
    const server = await openMixerServer({ ...settings, log, ...trace() });
    process.on("SIGUSR2", () => void server.dump().then((dump) => log.info({ dump }, "dump")));
    return server;
  },
});
