/** Starts the proxy from its command line. */

import { parseHostPort } from "#sip/uri.ts";
import { COMMON_USAGE, commonOptions, readPort, runServer } from "../process.ts";
import { readTransports, TRANSPORT_OPTIONS, TRANSPORT_USAGE } from "../transports.ts";
import { watchUsers } from "../users.ts";
import { openProxy } from "./proxy.ts";

const USAGE = `proxy [--bind ADDRESS] [--port N] [--domain NAME]... [--users FILE]
      [--certificate FILE --key FILE] [--tls-port N] [--ca FILE] [--ws-port N] [--wss-port N] [--origin URL]...
      [--name-server IP]... [--follow-redirects] [--log-level LEVEL] [--flow]

  --bind ADDRESS     where to listen, UDP and TCP (127.0.0.1)
  --port N           SIP port, 0 for any free one (5070)
  --domain NAME      a domain whose users register here, beside the proxy's own address; may be repeated
  --users FILE       who may register and call, one a line as partyline passwd makes it; read again when it changes.
                     Without it the machines beside this one may, and nobody else
  --follow-redirects call where a phone sends its callers (3xx) instead of telling them, if they may call there
${TRANSPORT_USAGE}${COMMON_USAGE}`;

await runServer({
  name: "proxy",
  usage: USAGE,
  options: {
    ...commonOptions(5070),
    domain: { type: "string", multiple: true, default: [] as string[] },
    users: { type: "string" },
    "follow-redirects": { type: "boolean", default: false },
    ...TRANSPORT_OPTIONS,
  },
  read({ bind, port, domain, users, "follow-redirects": followsRedirects, ...transports }) {
    const wrong = domain.find((name) => parseHostPort(name)?.port !== undefined || !parseHostPort(name));
    if (wrong !== undefined) throw new Error(`--domain ${wrong} is not a host name.`);
    return {
      host: bind,
      port: readPort(port),
      ...readTransports(transports, readPort(port)),
      names: domain.map((name) => name.toLowerCase()),
      file: users,
      followsRedirects,
    };
  },
  open: async ({ file, ...settings }, { log, trace }) =>
    openProxy({
      ...settings,
      ...(file !== undefined && {
        users: await watchUsers(file, (err) => log.error({ err }, "old users stay")),
      }),
      onError: (err) => log.error({ err }, "proxy failed on a message"),
      ...trace(),
    }),
});
