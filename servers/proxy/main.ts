/** Starts the proxy from its command line. */

import { parseHostPort } from "#sip/uri.ts";
import { COMMON_USAGE, commonOptions, readPort, runServer } from "../process.ts";
import { openProxy } from "./proxy.ts";

const USAGE = `proxy [--bind ADDRESS] [--port N] [--domain NAME]... [--log-level LEVEL] [--flow]

  --bind ADDRESS     where to listen, UDP and TCP (127.0.0.1)
  --port N           SIP port, 0 for any free one (5070)
  --domain NAME      a domain whose users register here, beside the proxy's own address; may be repeated
${COMMON_USAGE}`;

await runServer({
  name: "proxy",
  usage: USAGE,
  options: { ...commonOptions(5070), domain: { type: "string", multiple: true, default: [] as string[] } },
  read({ bind, port, domain }) {
    const wrong = domain.find((name) => parseHostPort(name)?.port !== undefined || !parseHostPort(name));
    if (wrong !== undefined) throw new Error(`--domain ${wrong} is not a host name.`);
    return { host: bind, port: readPort(port), names: domain.map((name) => name.toLowerCase()) };
  },
  open: (settings, { log, trace }) =>
    openProxy({
      ...settings,
      onError: (err) => log.error({ err }, "proxy failed on a message"),
      ...trace(),
    }),
});
