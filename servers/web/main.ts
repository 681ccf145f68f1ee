/** `partyline web`: the demo site on its own. */
import { readPort, runServer } from "../process.ts";
import { buildSite } from "./site.ts";

const USAGE = `web [options]: the demo site, a small film community whose pages have conferences

  --bind ADDRESS           where to listen (127.0.0.1)
  --port N                 (8080; 0 takes any free one)
  --conference HOST:PORT   the conference server its pages name (127.0.0.1:5080)
`;

await runServer({
  name: "web",
  usage: USAGE,
  options: {
    bind: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "8080" },
    conference: { type: "string", default: "127.0.0.1:5080" },
    help: { type: "boolean", default: false },
  },
  read({ bind, port, conference }) {
    // It becomes the host part of a SIP URI in every page.
    if (!/^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/i.test(conference))
      throw new Error("--conference takes HOST or HOST:PORT.");
    return { host: bind, port: readPort(port), conference };
  },
  async open({ host, port, conference }) {
    const site = buildSite({ conference });
    return {
      address: await site.listen({ host, port }),
      async close() {
        site.server.closeAllConnections();
        await site.close();
      },
    };
  },
});
