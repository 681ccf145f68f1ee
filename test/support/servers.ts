/** The four servers as programs of their own, as a user runs them: mixer, conference, proxy, web. */
import { join } from "node:path";
import type { SipUri } from "#sip/message.ts";
import { type Program, type ProgramOptions, startScript } from "./processes.ts";

export const ROOT = join(import.meta.dirname, "..", "..");
const HOST = "127.0.0.1";

/** A server that listens: where, and how to end it. */
export interface Server {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly program: Program;
  stop(): Promise<unknown>;
}

export interface ServerOptions {
  /** 0 or missing: any free one. */
  readonly port?: number;
  readonly args?: readonly string[];
  readonly onLine?: ProgramOptions["onLine"];
}

/** Starts servers/NAME/main.ts and reads from its `ready` line where it listens. */
export async function startServer(name: string, options: ServerOptions = {}): Promise<Server> {
  const program = await startScript(join(ROOT, "servers", name, "main.ts"), {
    name,
    args: ["--bind", HOST, "--port", String(options.port ?? 0), ...(options.args ?? [])],
    ...(options.onLine && { onLine: options.onLine }),
  });
  const [, port = ""] = await program.says(/^ready \S*?:(\d+)\/?$/);
  return { name, host: HOST, port: Number(port), program, stop: () => program.stop() };
}

export function startMixer(options: ServerOptions = {}): Promise<Server> {
  return startServer("mixer", options);
}

export function startConference(mixer: Server, options: ServerOptions = {}): Promise<Server> {
  const args = ["--mixer", `sip:${mixer.host}:${mixer.port}`, ...(options.args ?? [])];
  return startServer("conference", { ...options, args });
}

export function startProxy(options: ServerOptions = {}): Promise<Server> {
  return startServer("proxy", options);
}

/** The demo site; its pages name conferences at `conference`. */
export function startWeb(
  conference: { host: string; port: number },
  options: ServerOptions = {},
): Promise<Server> {
  const args = ["--conference", `${conference.host}:${conference.port}`, ...(options.args ?? [])];
  return startServer("web", { ...options, args });
}

/** A conference server with a mixer of its own. */
export interface ConferenceSite {
  readonly mixer: Server;
  readonly conference: Server;
  /** The address of one of its conferences. */
  room(name: string): SipUri;
  stop(): Promise<void>;
}

/** One that mixes by itself. */
export async function startOwnSite(): Promise<Omit<ConferenceSite, "mixer">> {
  const conference = await startServer("conference", { args: ["--mixer", "own", "--rtp", "0"] });
  const room: ConferenceSite["room"] = (name) => `sip:${name}@${conference.host}:${conference.port}`;
  return { conference, room, stop: async () => void (await conference.stop()) };
}

/** Both kinds, by what mixes. */
export const SITES = { "a mixer": startConferenceSite, "a mixer of its own": startOwnSite };

export async function startConferenceSite(): Promise<ConferenceSite> {
  const mixer = await startMixer();
  const conference = await startConference(mixer);
  return {
    mixer,
    conference,
    room: (name) => `sip:${name}@${conference.host}:${conference.port}`,
    async stop() {
      await conference.stop();
      await mixer.stop();
    },
  };
}
