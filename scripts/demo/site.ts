/** The servers of the demo: mixer, conference, proxy and the film community, each a process of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SipUri } from "#sip/message.ts";
import type { Ports } from "../../native-host/src/commands/ports.ts";
import {
  type Server,
  startConference,
  startMixer,
  startProxy,
  startWeb,
} from "../../test/support/servers.ts";
import type { Flow } from "./flow.ts";
import type { Say } from "./say.ts";

export interface SiteOptions {
  /** Where to listen; any free ports when missing. */
  readonly ports?: Ports;
  /** Shown every SIP message that the servers see. */
  readonly flow?: Flow;
  readonly say: Say;
}

export interface Site {
  readonly proxy: Server;
  readonly conference: Server;
  /** The address of a page of the film community. */
  url(path: string): string;
  /** The conference that a page names in its head. */
  roomOf(path: string): Promise<SipUri>;
  readonly ports?: Ports;
  readonly flow?: Flow;
}

export async function startSite(stack: AsyncDisposableStack, options: SiteOptions): Promise<Site> {
  const { say, flow, ports } = options;
  const kept = (server: Server): Server => {
    stack.defer(async () => void (await server.stop()));
    flow?.name(server.name, server);
    say(`${server.name} ready on ${server.host}:${server.port}`);
    return server;
  };
  const media = ports ? ["--rtp", `${ports.rtp.first}-${ports.rtp.last}`] : [];
  const at = (name: "mixer" | "conference" | "proxy" | "web", args: readonly string[] = []) => ({
    ...(ports && { port: ports[name] }),
    args: [...args, ...(flow && name !== "web" ? ["--flow"] : [])],
    ...(flow && { onLine: flow.listen(name) }),
  });
  const mixer = kept(await startMixer(at("mixer", media)));
  const token = join(await ownFolder(stack), "control-token");
  const control = ["--control-token", token, "--control-port", String(ports?.control ?? 0)];
  const conference = kept(await startConference(mixer, at("conference", control)));
  const [, page] = await conference.program.says(/operators' page at (http:[^"]+)"/);
  say(`control API and operators' page ready on ${page}, token in ${token}`);
  const proxy = kept(await startProxy(at("proxy")));
  const web = kept(await startWeb(conference, at("web")));
  const url = (path: string) => `http://${web.host}:${web.port}${path}`;
  const roomOf = async (path: string) => roomIn(await (await fetch(url(path))).text());
  return { proxy, conference, url, roomOf, ...(ports && { ports }), ...(flow && { flow }) };
}

/** What the demo keeps while it runs; nothing of the user's is touched. */
async function ownFolder(stack: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "partyline-demo-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function roomIn(html: string): SipUri {
  const link = /<link\b[^>]*\brel="?conference"?[^>]*>/i.exec(html)?.[0] ?? "";
  const href = /href="?(sips?:[^"\s>]+)/i.exec(link)?.[1];
  if (href === undefined) throw new Error("this page of the demo site names no conference");
  return href as SipUri;
}
