/** The servers and somebody's SIP service, all as programs, and the ports that strangers may write to. */
import { Daemon } from "./daemon.ts";
import { type ConferenceSite, startConferenceSite, startProxy } from "./servers.ts";

export interface Listeners {
  readonly site: ConferenceSite;
  readonly proxyPort: number;
  readonly servicePort: number;
  stop(): Promise<unknown>;
}

/** `name` is whose service it is. */
export async function startListeners(name: string): Promise<Listeners> {
  const [site, proxy, service] = await Promise.all([
    startConferenceSite(),
    startProxy(),
    Daemon.start({ name }),
  ]);
  const [, port = ""] = await service.program.says(/SIP on sip:[^"]*:(\d+)/);
  const stop = () => Promise.all([site.stop(), proxy.stop(), service.stop()]);
  return { site, proxyPort: proxy.port, servicePort: Number(port), stop };
}
