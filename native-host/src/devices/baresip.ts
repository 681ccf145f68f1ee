/** Launches baresip with a configuration of its own: loopback only, no registration, answers the one address we know. */

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, open, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { SoftphoneProgram } from "./softphone.ts";

export interface BaresipOptions {
  /** The program, a name on PATH or a path. */
  readonly program: string;
  /** Its own directory, made if need be; only the user may look into it. */
  readonly directory: string;
  /** As baresip's `audio_source` and `audio_player`: a module, a comma, a device or file. The system's sound when missing. */
  readonly audioSource?: string | undefined;
  readonly audioPlayer?: string | undefined;
}

const HOST = "127.0.0.1";
const STOP_WITHIN_MS = 1500;

/** Where distributions put libraries; some in a folder per architecture below. */
const LIBRARIES = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib"];

/** Writes the profile and starts the program; it may need a moment until it listens. */
export async function launchBaresip(options: BaresipOptions): Promise<SoftphoneProgram> {
  const port = await freePortPair();
  const address = `sip:${randomBytes(12).toString("hex")}@${HOST}:${port}` as const;
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string) =>
    writeFile(join(options.directory, name), text, { mode: 0o600 });
  await write("config", await profile(options, port));
  await write("accounts", `<${address}>;regint=0;answermode=auto;audio_codecs=pcmu,pcma\n`);
  await write("contacts", "");
  await endForgotten(options.directory);
  const log = await open(join(options.directory, "log"), "w", 0o600);
  const child = spawn(options.program, ["-f", options.directory], { stdio: ["ignore", log.fd, log.fd] });
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  child.once("exit", () => resolve());
  child.once("error", () => resolve());
  await log.close();
  await write("pid", String(child.pid ?? ""));
  const stop = async () => {
    child.kill("SIGTERM");
    const overdue = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
    await exited;
    clearTimeout(overdue);
  };
  return { address, pid: child.pid, exited, stop };
}

/** A service that was killed could not stop its softphone; the next one does. */
async function endForgotten(directory: string): Promise<void> {
  const pid = Number(await readFile(join(directory, "pid"), "utf8").catch(() => ""));
  // Another program may have the number by now.
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  if (pid > 0 && command.split("\0").includes(directory)) process.kill(pid, "SIGTERM");
}

async function profile(options: BaresipOptions, port: number): Promise<string> {
  const sound = await systemSound();
  const source = options.audioSource ?? sound.source;
  const player = options.audioPlayer ?? sound.player;
  const audioModules = new Set([source, player, "aubridge"].map((audio) => audio.split(",")[0]));
  const modules = modulePlaces().find((place) => existsSync(place));
  const lines = [
    "poll_method epoll",
    `sip_listen ${HOST}:${port}`,
    "sip_trans_def udp",
    "call_local_timeout 120",
    "call_max_calls 2",
    ...(modules ? [`module_path ${modules}`] : []),
    `audio_source ${source}`,
    `audio_player ${player}`,
    // No ringing: it answers at once.
    "audio_alert aubridge,alert",
    "ring_aufile none",
    "ringback_aufile none",
    "busy_aufile none",
    "ausrc_channels 0",
    "auplay_channels 0",
    "audio_txmode poll",
    "audio_level no",
    "rtp_tos 184",
    "rtcp_mux no",
    "rtp_timeout 0",
    "jitter_buffer_delay 5-10",
    `net_interface ${HOST}`,
    "module g711.so",
    ...[...audioModules].map((name) => `module ${name}.so`),
    "module_tmp account.so",
    "module_app contact.so",
    "module_app menu.so",
  ];
  return `${lines.join("\n")}\n`;
}

function modulePlaces(): string[] {
  const present = LIBRARIES.filter((place) => existsSync(place));
  const nested = present.flatMap((place) => readdirSync(place).map((name) => join(place, name)));
  return [...present, ...nested].map((place) => join(place, "baresip", "modules"));
}

/** ALSA where there is sound, also through PulseAudio or PipeWire; else a source and a player of nothing. */
async function systemSound(): Promise<{ source: string; player: string }> {
  const cards = await readFile("/proc/asound/cards", "utf8").catch(() => "");
  const audible = /^\s*\d+ \[/m.test(cards) || existsSync(`/run/user/${process.getuid?.()}/pulse/native`);
  if (audible) return { source: "alsa,default", player: "alsa,default" };
  return { source: "aubridge,microphone", player: "aubridge,speaker" };
}

/** baresip takes the port for UDP and TCP, and the next one for TLS. */
async function freePortPair(): Promise<number> {
  for (;;) {
    const server = createServer();
    server.listen(0, HOST);
    await once(server, "listening");
    const bound = server.address();
    const port = typeof bound === "object" && bound ? bound.port : 0;
    const free = port < 65_535 && (await udpIsFree(port)) && (await tcpIsFree(port + 1));
    server.close();
    await once(server, "close");
    if (free) return port;
  }
}

async function udpIsFree(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("error", () => resolve(false));
  socket.bind(port, HOST, () => resolve(true));
  const free = await promise;
  socket.close();
  return free;
}

async function tcpIsFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once("error", () => resolve(false));
  server.listen(port, HOST, () => resolve(true));
  const free = await promise;
  server.close();
  return free;
}
