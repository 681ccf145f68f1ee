/** Starts the Janus adapter from its command line. */
import { readFile } from "node:fs/promises";
import { isIPv4 } from "node:net";
import { RTP_PORTS, readMedia } from "../media-server/options.ts";
import { COMMON_USAGE, commonOptions, readPort, runServer } from "../process.ts";
import { openJanusServer } from "./server.ts";

const USAGE = `janus [--bind ADDRESS] [--port N] [--rtp FIRST-LAST] [--janus URL] [--inside ADDRESS] [--api-secret FILE]
      [--log-level LEVEL] [--flow]

  --bind ADDRESS     where to listen, for SIP and for the phones' media: one literal address (127.0.0.1)
  --port N           SIP port, UDP and TCP, 0 for any free one (5091)
  --rtp FIRST-LAST   ports for the phones' media, the even ones are used; 0 for any free ones (40000-49999)
  --janus URL        the WebSocket API of a Janus server with the AudioBridge plug-in (ws://127.0.0.1:8188)
  --inside ADDRESS   where Janus sends its media to: a literal IPv4 address of this machine (127.0.0.1)
  --api-secret FILE  the api_secret of Janus's configuration
${COMMON_USAGE}
SIGUSR2 writes all legs and rooms to the log.
`;

await runServer({
  name: "janus",
  usage: USAGE,
  options: {
    ...commonOptions(5091),
    rtp: { type: "string", default: RTP_PORTS },
    janus: { type: "string", default: "ws://127.0.0.1:8188" },
    inside: { type: "string", default: "127.0.0.1" },
    "api-secret": { type: "string" },
  },
  read({ bind, port, rtp, janus, inside, "api-secret": secretFile }) {
    const media = readMedia(bind, rtp);
    if (!isIPv4(inside) || inside === "0.0.0.0")
      throw new Error(
        `--inside ${inside} is not one literal IPv4 address; Janus must be told where to send.`,
      );
    if (!/^wss?:\/\/\S+$/.test(janus)) throw new Error(`--janus ${janus} is not the address of a WebSocket.`);
    return { host: bind, port: readPort(port), ...media, url: janus, inside, secretFile };
  },
  async open({ secretFile, ...settings }, { log, trace }) {
    const secret = secretFile === undefined ? undefined : (await readFile(secretFile, "utf8")).trim();
    const server = await openJanusServer({ ...settings, secret, log, ...trace() });
    process.on("SIGUSR2", () => log.info({ dump: server.dump() }, "dump"));
    return server;
  },
});
