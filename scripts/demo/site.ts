/** The servers of the demo: mixer, conference, proxy and the film community, each a process of its own. */
import type { SipUri } from "#sip/message.ts";
import type { Ports } from "../../native-host/src/commands/ports.ts";
import {
  type Server,
  startConference,
  startMixer,
  startProxy,
  startWeb,
} from "../../test/support/servers.ts";

/** Says one line to whoever watches. */
export type Say = (text: string) => void;

export interface SiteOptions {
  /** Where to listen; any free ports when missing. */
  readonly ports?: Ports;
  /** Tells every SIP message that the conference server and the proxy see. */
  readonly flow?: boolean;
  readonly say: Say;
}

export interface Site {
  readonly proxy: Server;
  readonly conference: Server;
  /** The address of a page of the film community. */
  url(path: string): string;
  /** The conference that a page names in its head. */
  roomOf(path: string): Promise<SipUri>;
}

export async function startSite(stack: AsyncDisposableStack, options: SiteOptions): Promise<Site> {
  const { say } = options;
  const kept = <Started extends Server>(server: Started): Started => {
    stack.defer(async () => void (await server.stop()));
    say(`${server.name} ready on ${server.host}:${server.port}`);
    return server;
  };
  const at = (name: "mixer" | "conference" | "proxy" | "web") => ({
    ...(options.ports && { port: options.ports[name] }),
    ...(options.flow && name !== "web" && { args: ["--flow"], onLine: tellFlow(say) }),
  });
  const mixer = kept(await startMixer(at("mixer")));
  const conference = kept(await startConference(mixer, at("conference")));
  const proxy = kept(await startProxy(at("proxy")));
  const web = kept(await startWeb(conference, at("web")));
  const url = (path: string) => `http://${web.host}:${web.port}${path}`;
  return { proxy, conference, url, roomOf: async (path) => roomIn(await (await fetch(url(path))).text()) };
}

/** Only the lines of the call flow; the log is for the servers' owner. */
function tellFlow(say: Say) {
  return (line: string) => {
    if (line.includes(" -> ")) say(line);
  };
}

function roomIn(html: string): SipUri {
  const link = /<link\b[^>]*\brel="?conference"?[^>]*>/i.exec(html)?.[0] ?? "";
  const href = /href="?(sips?:[^"\s>]+)/i.exec(link)?.[1];
  if (href === undefined) throw new Error("this page of the demo site names no conference");
  return href as SipUri;
}
