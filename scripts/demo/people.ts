/** Who takes part in the demo without a display: alice and bob in browsers, carol with a baresip, each saying a tone. */
import { join } from "node:path";
import type { SipUri } from "#sip/message.ts";
import { Baresip } from "../../test/support/baresip.ts";
import { type ApiClient, Daemon } from "../../test/support/daemon.ts";
import { runToEnd } from "../../test/support/processes.ts";
import { ROOT } from "../../test/support/servers.ts";
import { Viewer } from "../../test/support/viewer.ts";
import { Wire } from "../../test/support/wire.ts";
import type { Say } from "./say.ts";
import type { Site } from "./site.ts";

/** Multiples of 50 Hz are told apart best; none is a sum or difference of others and their doubles, as G.711 makes them. */
export const TONES = { alice: 450, bob: 1050, carol: 1750, dora: 2900 } as const;

export type Person = keyof typeof TONES;

export interface PeopleOptions {
  readonly site: Site;
  readonly say: Say;
}

/** Somebody with a browser, and a SIP service that the browser finds running. */
export async function startViewer(
  stack: AsyncDisposableStack,
  name: "alice" | "bob",
  { site, say }: PeopleOptions,
): Promise<Viewer> {
  const daemon = await startService(stack, name, site, { devices: [] });
  const viewer = await Viewer.start({ name, hz: TONES[name], environment: daemon.environment });
  stack.defer(() => viewer.close());
  say(`${name} ready: a headless browser that says ${TONES[name]} Hz`);
  return viewer;
}

/** A service of somebody's own, behind the demo's proxy. */
export async function startService(
  stack: AsyncDisposableStack,
  name: string,
  site: Site,
  { devices, args = [] }: { devices?: readonly unknown[]; args?: readonly string[] } = {},
): Promise<Daemon> {
  const outboundProxy = `sip:${site.proxy.host}:${site.proxy.port};lr`;
  const conferences = { server: `sip:${site.conference.host}:${site.conference.port}` };
  const daemon = await Daemon.start({
    name,
    config: { sip: { outboundProxy }, conferences, ...(devices && { devices }) },
    args: [...args, ...(site.flow ? ["--flow"] : [])],
    ...(site.flow && { onLine: site.flow.listenToService(name) }),
  });
  stack.defer(() => daemon.stop());
  return daemon;
}

/** Carol: a baresip as her desk phone, and the command line. */
export class Caller {
  readonly #daemon: Daemon;
  readonly #api: ApiClient;
  /** Between her service and her phone; what comes out at end b is what she hears. */
  readonly wire: Wire;

  private constructor(daemon: Daemon, api: ApiClient, wire: Wire) {
    this.#daemon = daemon;
    this.#api = api;
    this.wire = wire;
  }

  static async start(stack: AsyncDisposableStack, { site, say }: PeopleOptions): Promise<Caller> {
    const phone = await Baresip.start({ name: "carol", hz: TONES.carol });
    stack.defer(() => phone.stop());
    const wire = await Wire.open({ b: { address: "127.0.0.1", port: phone.port } });
    stack.defer(() => wire.close());
    site.flow?.name("carol's phone", { host: wire.address.address, port: wire.address.port });
    const uri = `sip:carol@127.0.0.1:${wire.address.port}`;
    const desk = { id: "desk", kind: "sip", name: "Desk phone", uri, anchor: true, default: true };
    const daemon = await startService(stack, "carol", site, { devices: [desk] });
    const api = await daemon.connect();
    stack.defer(() => api.close());
    await api.tell("Subscribe", { to: "calls" });
    say(`carol ready: a baresip that says ${TONES.carol} Hz`);
    return new Caller(daemon, api, wire);
  }

  /** When her service begins to switch, by performance.now(). */
  async nextSwitch(): Promise<number> {
    await this.#api.next(({ name, attributes }) => name === "Call" && attributes["state"] === "switching");
    return performance.now();
  }

  /** Runs `partyline …` for carol; rejects with its words when it fails. */
  async partyline(...args: string[]): Promise<string[]> {
    const { code, lines } = await runToEnd(process.execPath, {
      name: "partyline",
      args: [join(ROOT, "native-host", "bin", "partyline.mjs"), ...args],
      env: this.#daemon.environment,
    });
    if (code !== 0) throw new Error(`partyline ${args.join(" ")}: ${lines.join(" ")}`);
    return lines;
  }
}

/** Dora is in the next room already, so that there is somebody to hear when one comes in. */
export async function startGuest(
  stack: AsyncDisposableStack,
  site: Site,
  rooms: readonly SipUri[],
): Promise<void> {
  for (const room of rooms) {
    const guest = await Baresip.start({ name: "dora", hz: TONES.dora });
    stack.defer(() => guest.stop());
    site.flow?.name("dora", { host: "127.0.0.1", port: guest.port });
    await guest.dial(room);
  }
}
