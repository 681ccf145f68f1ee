/** A real Janus with nothing but its AudioBridge and WebSocket API, on free ports, everything in a folder of its own. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "./ports.ts";
import { Program } from "./processes.ts";

const HOST = "127.0.0.1";
/** Participants that there are RTP ports for, unless said otherwise. */
const SEATS = 60;

export interface JanusOptions {
  /** What it wants to see of every client. */
  readonly secret?: string;
  /** For how many participants it has RTP ports. */
  readonly seats?: number;
}

export class Janus {
  readonly port: number;
  readonly #folder: string;
  #program: Program;

  private constructor(port: number, folder: string, program: Program) {
    this.port = port;
    this.#folder = folder;
    this.#program = program;
  }

  static async start({ secret, seats = SEATS }: JanusOptions = {}): Promise<Janus> {
    const folder = await mkdtemp(join(tmpdir(), "partyline-janus-"));
    const port = await freePorts(2 + 2 * seats + 2);
    const files = await configuration({ folder, port, secret, seats });
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return new Janus(port, folder, await run(folder));
  }

  /** Its WebSocket API. */
  get url(): string {
    return `ws://${HOST}:${this.port}`;
  }

  get pid(): number {
    return this.#program.pid;
  }

  /** Gone without a word, as in a crash. */
  async kill(): Promise<void> {
    this.#program.kill("SIGKILL");
    await this.#program.exited;
  }

  /** Starts it again where it was, if it was killed. */
  async restart(): Promise<void> {
    if (!this.#program.running) this.#program = await run(this.#folder);
  }

  /** Stops it in its tracks, connections and all; SIGCONT ends that. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#program.kill(signal);
  }

  async stop(): Promise<void> {
    await this.#program.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function run(folder: string): Promise<Program> {
  const args = ["--configs-folder", folder, "--disable-colors"];
  return Program.start("janus", { name: "janus", args, ready: /WebSockets thread started/ });
}

interface Settings {
  readonly folder: string;
  /** The API's; those from the next even one on are for RTP. */
  readonly port: number;
  readonly secret: string | undefined;
  readonly seats: number;
}

async function configuration({ folder, port, secret, seats }: Settings): Promise<Record<string, string>> {
  const [plugins, transports] = [await modules("plugins"), await modules("transports")];
  const last = port + 2 + 2 * seats;
  return {
    "janus.jcfg": `
general: {
  configs_folder = "${folder}"
  plugins_folder = "${plugins.folder}"
  transports_folder = "${transports.folder}"
  events_folder = "${folder}/none"
  loggers_folder = "${folder}/none"
  debug_level = 4${secret === undefined ? "" : `\n  api_secret = "${secret}"`}
}
plugins: { disable = "${plugins.others("libjanus_audiobridge.so")}" }
transports: { disable = "${transports.others("libjanus_websockets.so")}" }
`,
    "janus.transport.websockets.jcfg": `
general: { ws = true, ws_ip = "${HOST}", ws_port = ${port}, wss = false, json = "compact" }
`,
    "janus.plugin.audiobridge.jcfg": `
general: { local_ip = "${HOST}", rtp_port_range = "${port + 2}-${last}" }
`,
  };
}

/** Where Janus keeps its modules of a kind, and those that are not wanted. */
async function modules(kind: "plugins" | "transports") {
  const libraries = (await readdir("/usr/lib")).map((name) => join("/usr/lib", name, "janus", kind));
  const folder =
    [join("/usr/lib/janus", kind), ...libraries].find(existsSync) ?? join("/usr/lib64/janus", kind);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".so"));
  return { folder, others: (wanted: string) => names.filter((name) => name !== wanted).join(",") };
}
