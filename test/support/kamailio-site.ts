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

export interface MachineOptions {
  /** How many mixers it has, one when missing. */
  readonly mixers?: number;
  /** Further ones of its conference server. */
  readonly args?: readonly string[];
}

/** A conference server with its mixers, on an address of their own. */
export class Machine {
  readonly host: string;
  readonly #args: readonly string[];
  #mixers: readonly Server[];
  #conference: Server;

  private constructor(host: string, args: readonly string[], servers: Servers) {
    this.host = host;
    this.#args = args;
    this.#mixers = servers.mixers;
    this.#conference = servers.conference;
  }

  static async start(host: string, { mixers: count = 1, args = [] }: MachineOptions = {}): Promise<Machine> {
    const ports = Array.from({ length: count }, () => 0);
    return new Machine(host, args, await startServersAt(host, { ports, args }));
  }

  get port(): number {
    return this.#conference.port;
  }

  get programs() {
    const [first] = this.#mixers;
    if (!first) throw new Error("a machine has a mixer");
    return {
      conference: this.#conference.program,
      mixer: first.program,
      mixers: this.#mixers.map(({ program }) => program),
    };
  }

  /** kill -9 of all. */
  async die(): Promise<void> {
    const { conference, mixers } = this.programs;
    const programs = [conference, ...mixers];
    for (const program of programs) program.kill("SIGKILL");
    await Promise.all(programs.map(({ exited }) => exited));
  }

  /** All run again where they ran. */
  async restart(): Promise<void> {
    const ports = this.#mixers.map(({ port }) => port);
    const servers = await startServersAt(this.host, { ports, args: this.#args, port: this.port });
    this.#mixers = servers.mixers;
    this.#conference = servers.conference;
  }

  async stop(): Promise<void> {
    await this.#conference.stop();
    await Promise.all(this.#mixers.map((mixer) => mixer.stop()));
  }
}

interface Servers {
  readonly mixers: readonly Server[];
  readonly conference: Server;
}

/** `ports`: of the mixers; `port`: of the conference server; 0 for any. */
async function startServersAt(
  host: string,
  { ports, args, port = 0 }: { ports: readonly number[]; args: readonly string[]; port?: number },
): Promise<Servers> {
  const rtp = ["--bind", host, "--rtp", "0"];
  const mixers = await Promise.all(ports.map((one) => startServer("mixer", { port: one, args: rtp })));
  const uris = mixers.flatMap((mixer) => ["--mixer", `sip:${host}:${mixer.port}`]);
  const own = ["--bind", host, "--trusted-proxy", HOST, ...uris, ...args];
  return { mixers, conference: await startServer("conference", { port, args: own }) };
}

/** Their passwords. */
type Users = Readonly<Record<string, string>>;

interface Listener {
  readonly host: string;
  readonly port: number;
}

export class KamailioSite {
  readonly machines: readonly Machine[];
  readonly program: Program;
  readonly #port: number;
  readonly #folder: string;

  private constructor(parts: {
    machines: readonly Machine[];
    program: Program;
    port: number;
    folder: string;
  }) {
    this.machines = parts.machines;
    this.program = parts.program;
    this.#port = parts.port;
    this.#folder = parts.folder;
  }

  /** Machines on 127.0.0.2 and so on; `users` have passwords of example.test. */
  static async start(count: number, users: Users = {}, options: MachineOptions = {}): Promise<KamailioSite> {
    const hosts = Array.from({ length: count }, (_, i) => `127.0.0.${i + 2}`);
    const machines = await Promise.all(hosts.map((host) => Machine.start(host, options)));
    return KamailioSite.#before(machines, users, machines);
  }

  /** Kamailio before conference servers that somebody else runs. */
  static facing(servers: readonly Listener[], users: Users = {}): Promise<KamailioSite> {
    return KamailioSite.#before(servers, users, []);
  }

  static async #before(listed: readonly Listener[], users: Users, machines: readonly Machine[]) {
    const folder = await mkdtemp(join(tmpdir(), "partyline-site-"));
    const port = await freePorts(4);
    await writeSite(folder, siteConfig(folder, port));
    await writeAccounts(folder, users);
    const lines = listed.map(({ host, port: at }) => `1 sip:${host}:${at} 0 0 duid=${host}\n`);
    await writeFile(join(folder, "dispatcher.list"), lines.join(""));
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
