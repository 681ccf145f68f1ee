/** A site of several machines: the Kamailio of servers/proxy/kamailio before conference servers, each with a mixer of its own. */
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SipUri } from "#sip/message.ts";
import { userLine } from "#sip/user-line.ts";
import { tlsConfig } from "./kamailio.ts";
import { freePorts } from "./ports.ts";
import { Program, runToEnd } from "./processes.ts";
import { ROOT, type Server, startServer } from "./servers.ts";

const HOST = "127.0.0.1";
const PROGRAM = existsSync("/usr/sbin/kamailio") ? "/usr/sbin/kamailio" : "kamailio";
export const SHIPPED = join(ROOT, "servers", "proxy", "kamailio");
export const DOMAIN = "example.test";
export const ROOMS = "conf.example.test";
/** Pages that may speak SIP by WebSocket. */
export const ORIGIN = "https://example.test";

/** Which of its four ports takes what. */
const OFFSETS = { udp: 0, tcp: 0, tls: 1, ws: 2, wss: 3 } as const;

/** A conference server with its mixer, on an address of their own. */
export class Machine {
  readonly host: string;
  #mixer: Server;
  #conference: Server;

  private constructor(host: string, mixer: Server, conference: Server) {
    this.host = host;
    this.#mixer = mixer;
    this.#conference = conference;
  }

  static async start(host: string): Promise<Machine> {
    const mixer = await startMixerAt(host);
    return new Machine(host, mixer, await startFocusAt(host, mixer.port));
  }

  get port(): number {
    return this.#conference.port;
  }

  get programs() {
    return { conference: this.#conference.program, mixer: this.#mixer.program };
  }

  /** kill -9 of both. */
  async die(): Promise<void> {
    const programs = Object.values(this.programs);
    for (const program of programs) program.kill("SIGKILL");
    await Promise.all(programs.map(({ exited }) => exited));
  }

  /** Both run again where they ran. */
  async restart(): Promise<void> {
    this.#mixer = await startMixerAt(this.host, this.#mixer.port);
    this.#conference = await startFocusAt(this.host, this.#mixer.port, this.port);
  }

  async stop(): Promise<void> {
    await this.#conference.stop();
    await this.#mixer.stop();
  }
}

function startMixerAt(host: string, port = 0): Promise<Server> {
  return startServer("mixer", { port, args: ["--bind", host, "--rtp", "0"] });
}

function startFocusAt(host: string, mixer: number, port = 0): Promise<Server> {
  return startServer("conference", { port, args: ["--bind", host, "--mixer", `sip:${host}:${mixer}`] });
}

export class KamailioSite {
  readonly machines: readonly Machine[];
  readonly program: Program;
  readonly #port: number;
  readonly #folder: string;

  private constructor(parts: { machines: Machine[]; program: Program; port: number; folder: string }) {
    this.machines = parts.machines;
    this.program = parts.program;
    this.#port = parts.port;
    this.#folder = parts.folder;
  }

  /** Machines on 127.0.0.2 and so on; `users` have passwords of example.test. */
  static async start(count: number, users: Readonly<Record<string, string>> = {}): Promise<KamailioSite> {
    const hosts = Array.from({ length: count }, (_, i) => `127.0.0.${i + 2}`);
    const machines = await Promise.all(hosts.map((host) => Machine.start(host)));
    const folder = await mkdtemp(join(tmpdir(), "partyline-site-"));
    const port = await freePorts(4);
    await writeSite(folder, siteConfig(folder, port));
    await writeAccounts(folder, users);
    const listed = machines.map(({ host, port }) => `1 sip:${host}:${port} 0 0 duid=${host}\n`);
    await writeFile(join(folder, "dispatcher.list"), listed.join(""));
    const program = await Program.start(PROGRAM, {
      name: "kamailio",
      args: [...FLAGS, "-f", join(SHIPPED, "kamailio.cfg"), "-Y", folder, "-w", folder],
      cwd: folder,
      ready: /partyline: ready/,
    });
    return new KamailioSite({ machines, program, port, folder });
  }

  /** Kamailio's address; UDP when nothing is said. */
  proxy(transport: keyof typeof OFFSETS = "udp"): SipUri {
    const host = transport.startsWith("ws") ? "localhost" : HOST;
    return `sip:${host}:${this.#port + OFFSETS[transport]};transport=${transport}`;
  }

  get port(): number {
    return this.#port;
  }

  room(name: string): SipUri {
    return `sip:${name}@${ROOMS}`;
  }

  async stop(): Promise<void> {
    await this.program.stop();
    await Promise.all(this.machines.map((machine) => machine.stop()));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** In the foreground, its log on standard error, with the fast memory manager. */
const FLAGS = ["-x", "tlsf", "-X", "tlsf", "-m", "64", "-DD", "-E"];

/** Four ports: UDP and TCP, TLS, WebSocket, secure WebSocket. */
function siteConfig(folder: string, port: number): string {
  return `#!define WITH_TLS
#!define WITH_WEBSOCKET
listen=udp:${HOST}:${port}
listen=tcp:${HOST}:${port}
listen=tls:${HOST}:${port + 1}
listen=tcp:${HOST}:${port + 2}
listen=tls:${HOST}:${port + 3}
#!define WEBSOCKET_PORT ${port + 2}
#!define SECURE_WEBSOCKET_PORT ${port + 3}
#!define WEBSOCKET_ORIGIN "^https://example[.]test$"
alias="${DOMAIN}"
#!substdef "!SITE_DOMAIN!${DOMAIN}!g"
#!substdef "!SITE_ROOMS!${ROOMS}!g"
#!substdef "!SITE_FILES!${folder}!g"
#!define FORWARD_TO_ANYBODY "^127[.]0[.]0[.]8$"
#!define CALL_SECRET "only this test knows it"
children=2
tcp_children=1
`;
}

async function writeSite(folder: string, site: string): Promise<void> {
  await writeFile(join(folder, "site.cfg"), site);
  await writeFile(join(folder, "tls.cfg"), tlsConfig());
  await copyFile(join(SHIPPED, "db", "version"), join(folder, "version"));
}

/** The table of passwords as an administrator makes it. */
async function writeAccounts(folder: string, users: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(users).map(([name, password]) => userLine(name, DOMAIN, password));
  const file = join(folder, "users");
  await writeFile(file, `# users of ${DOMAIN}\n${lines.join("\n")}\n`);
  const table = await runToEnd("awk", { name: "awk", args: ["-f", join(SHIPPED, "accounts.awk"), file] });
  await writeFile(join(folder, "ha1"), `${table.lines.join("\n")}\n`);
}

/** What `kamailio -c` says of the shipped configuration with this addition to its site.cfg. */
export async function checkShipped(addition: string): Promise<{ code: number | null; lines: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), "partyline-site-"));
  const site = await readFile(join(SHIPPED, "site.cfg"), "utf8");
  await writeFile(join(folder, "site.cfg"), `${site}${addition}\n`);
  const args = ["-c", "-f", join(SHIPPED, "kamailio.cfg"), "-Y", folder];
  const checked = await runToEnd(PROGRAM, { name: "kamailio", args, cwd: folder });
  await rm(folder, { recursive: true, force: true });
  return checked;
}
