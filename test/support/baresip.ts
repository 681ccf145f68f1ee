/** A real baresip as somebody's phone: headless, a tone for its microphone, told what to do over ctrl_tcp. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SipUri } from "#sip/message.ts";
import { freePorts } from "./ports.ts";
import { Program } from "./processes.ts";
import { lastTones, writeToneWav } from "./wav.ts";

const HOST = "127.0.0.1";
/** aufile does not start again at the end of its file: long enough for any test. */
const MICROPHONE_SECONDS = 600;
const RTP_PORTS = 12;
const COMMAND_MS = 5000;

export interface BaresipOptions {
  /** User part of its address, and its name in messages. */
  readonly name: string;
  /** What it says. Without a tone it is silent. */
  readonly hz?: number;
  /** PulseAudio server that it plays to, as in PULSE_SERVER; without one it plays to nobody. */
  readonly pulse?: string;
  readonly answer?: "auto" | "manual";
  /** Keeps what it hears, for `tonesHeard`. */
  readonly records?: boolean;
  /** Writes every SIP message among its lines, for `says`. */
  readonly traced?: boolean;
  /** Where it registers, with digest; without it, it is called at its own address. */
  readonly account?: { readonly registrar: `${string}:${number}`; readonly password: string };
}

/** What baresip tells by itself (ctrl_tcp): e.g. CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED. */
export interface BaresipEvent {
  readonly type: string;
  readonly peeruri?: string;
  readonly id?: string;
  readonly param?: string;
}

interface Reply {
  readonly token: string;
  readonly ok: boolean;
  readonly data: string;
}

export class Baresip {
  readonly name: string;
  readonly port: number;
  readonly events: BaresipEvent[] = [];
  readonly #program: Program;
  readonly #folder: string;
  readonly #control: net.Socket;
  readonly #replies = new Map<string, (reply: Reply) => void>();
  readonly #listeners = new Set<(event: BaresipEvent) => void>();
  #commands = 0;
  #buffer: Buffer = Buffer.alloc(0);

  private constructor(parts: {
    name: string;
    port: number;
    program: Program;
    folder: string;
    control: net.Socket;
  }) {
    this.name = parts.name;
    this.port = parts.port;
    this.#program = parts.program;
    this.#folder = parts.folder;
    this.#control = parts.control;
    this.#control.on("data", (bytes) => this.#receive(bytes));
    this.#control.on("error", () => undefined);
  }

  static async start(options: BaresipOptions): Promise<Baresip> {
    const folder = await mkdtemp(join(tmpdir(), `partyline-${options.name}-`));
    // SIP, SIP over TLS on the next port, ctrl_tcp, a spare one, then RTP.
    const port = await freePorts(4 + RTP_PORTS);
    await writeProfile(folder, port, options);
    const program = await Program.start("baresip", {
      name: options.name,
      args: ["-f", folder, ...(options.traced ? ["-s"] : [])],
      env: { HOME: folder, ...(options.pulse ? { PULSE_SERVER: options.pulse } : {}) },
      ready: /baresip is ready/,
    });
    try {
      const control = await connect(port + 2);
      return new Baresip({ name: options.name, port, program, folder, control });
    } catch (cause) {
      await program.stop();
      throw cause;
    }
  }

  get address(): SipUri {
    return `sip:${this.name}@${HOST}:${this.port}`;
  }

  /** One of baresip's own commands, such as `dial`, `hangup`, `accept`; rejects when baresip refuses it. */
  async command(command: string, params = ""): Promise<string> {
    const token = `t${this.#commands++}`;
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const timer = setTimeout(() => reject(new Error(`${this.name} did not answer ${command}`)), COMMAND_MS);
    this.#replies.set(token, resolve);
    const json = JSON.stringify({ command, params, token });
    this.#control.write(`${Buffer.byteLength(json)}:${json},`);
    const reply = await promise.finally(() => clearTimeout(timer));
    if (!reply.ok) throw new Error(`${this.name} refused ${command}: ${reply.data}`);
    return reply.data;
  }

  /** Calls an address; resolves when the call is up. */
  async dial(uri: SipUri): Promise<void> {
    const up = this.next("CALL_ESTABLISHED");
    await this.command("dial", uri);
    await up;
  }

  /** The first event of a type that comes from now on. */
  next(type: string, timeoutMs = 10_000): Promise<BaresipEvent> {
    const { promise, resolve, reject } = Promise.withResolvers<BaresipEvent>();
    const seen = () => this.events.map((event) => event.type).join(" ");
    const timer = setTimeout(() => reject(new Error(`${this.name}: no ${type} after ${seen()}`)), timeoutMs);
    const listener = (event: BaresipEvent) => {
      if (event.type !== type) return;
      this.#listeners.delete(listener);
      clearTimeout(timer);
      resolve(event);
    };
    this.#listeners.add(listener);
    return promise;
  }

  /** The first line it writes, or has written, that fits. */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#program.says(pattern);
  }

  /** The tones in the last half second it recorded; none before that. */
  async tonesHeard(): Promise<number[]> {
    const files = (await readdir(this.#folder)).filter((name) => name.endsWith("-dec.wav")).sort();
    return lastTones(join(this.#folder, files.at(-1) ?? "none"));
  }

  async stop(): Promise<void> {
    this.#control.destroy();
    await this.#program.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Netstrings, `LENGTH:JSON,` one after the other. */
  #receive(bytes: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    for (;;) {
      const colon = this.#buffer.indexOf(":");
      const length = Number(this.#buffer.subarray(0, Math.max(0, colon)));
      if (colon < 0 || this.#buffer.length < colon + length + 2) return;
      const json = this.#buffer.subarray(colon + 1, colon + 1 + length).toString();
      this.#buffer = this.#buffer.subarray(colon + length + 2);
      this.#take(JSON.parse(json) as Reply | (BaresipEvent & { event: true }));
    }
  }

  #take(message: Reply | (BaresipEvent & { event: true })): void {
    if ("event" in message) {
      this.events.push(message);
      for (const listener of [...this.#listeners]) listener(message);
      return;
    }
    this.#replies.get(message.token)?.(message);
    this.#replies.delete(message.token);
  }
}

async function writeProfile(folder: string, port: number, options: BaresipOptions): Promise<void> {
  const microphone = join(folder, "microphone.wav");
  await mkdir(folder, { recursive: true });
  if (options.hz !== undefined) await writeToneWav(microphone, options.hz, MICROPHONE_SECONDS);
  const source = options.hz === undefined ? "aubridge,silent" : `aufile,${microphone}`;
  const player = options.pulse === undefined ? "aubridge,nobody" : "alsa,pulse";
  const modules = await modulePath();
  const lines = [
    "poll_method epoll",
    `sip_listen ${HOST}:${port}`,
    "sip_trans_def udp",
    "call_local_timeout 120",
    "call_max_calls 8",
    `module_path ${modules}`,
    `audio_player ${player}`,
    `audio_source ${source}`,
    "audio_alert aubridge,nobody",
    ...["ring", "ringback", "busy", "error", "notfound"].map((name) => `${name}_aufile none`),
    "ausrc_channels 0",
    "auplay_channels 0",
    "audio_txmode poll",
    "audio_level no",
    `rtp_ports ${port + 4}-${port + 4 + RTP_PORTS}`,
    "rtcp_mux no",
    "jitter_buffer_delay 5-10",
    "rtp_timeout 0",
    `net_interface ${HOST}`,
    ...["g711", "aubridge", "aufile", "alsa"].map((name) => `module ${name}.so`),
    "module_tmp account.so",
    ...["contact", "menu", "ctrl_tcp"].map((name) => `module_app ${name}.so`),
    ...(options.records ? ["module sndfile.so", `snd_path ${folder}`] : []),
    `ctrl_tcp_listen ${HOST}:${port + 2}`,
  ];
  const display = options.name.charAt(0).toUpperCase() + options.name.slice(1);
  const common = `answermode=${options.answer ?? "auto"}`;
  const account = `"${display}" ${addressOf(options, port)};${common}`;
  await writeFile(join(folder, "config"), `${lines.join("\n")}\n`);
  await writeFile(join(folder, "accounts"), `${account}\n`);
  await writeFile(join(folder, "contacts"), "");
}

function addressOf({ name, account }: BaresipOptions, port: number): string {
  if (!account) return `<sip:${name}@${HOST}:${port}>;regint=0`;
  const { registrar, password } = account;
  const digest = `auth_user=${name};auth_pass=${password}`;
  return `<sip:${name}@${registrar}>;${digest};outbound="sip:${registrar}";regint=60`;
}

/** Where the distribution put baresip's modules. */
async function modulePath(): Promise<string> {
  const libraries = existsSync("/usr/lib") ? await readdir("/usr/lib") : [];
  const places = [
    "/usr/lib",
    "/usr/local/lib",
    "/opt/homebrew/lib",
    ...libraries.map((name) => `/usr/lib/${name}`),
  ];
  const found = places.map((place) => join(place, "baresip", "modules")).find((place) => existsSync(place));
  if (found === undefined) throw new Error("baresip's modules were not found; is baresip installed?");
  return found;
}

/** ctrl_tcp listens a moment after baresip says that it is ready. */
async function connect(port: number): Promise<net.Socket> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await open(port);
    } catch (cause) {
      if (attempt === 50) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function open(port: number): Promise<net.Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<net.Socket>();
  const socket = net.connect(port, HOST, () => resolve(socket));
  socket.once("error", reject);
  return promise;
}
