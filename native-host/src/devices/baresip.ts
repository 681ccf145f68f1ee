/** Launches baresip with a configuration of its own: loopback only, no registration, answers the one address we know. */

import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { runOwnProgram } from "./own-program.ts";
import type { LaunchOptions, SoftphoneProgram } from "./softphone.ts";
import { isAudible } from "./system-sound.ts";

const HOST = "127.0.0.1";

/** Where distributions put libraries; some in a folder per architecture below. */
const LIBRARIES = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib"];

/** Writes the profile and starts the program; it may need a moment until it listens. */
export async function launchBaresip(options: LaunchOptions): Promise<SoftphoneProgram> {
  // It takes the port for UDP and TCP, and the next one for TLS.
  const port = await freePort(HOST, 2);
  const address = `sip:${randomBytes(12).toString("hex")}@${HOST}:${port}` as const;
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string) =>
    writeFile(join(options.directory, name), text, { mode: 0o600 });
  await write("config", await profile(options, port));
  await write("accounts", `<${address}>;regint=0;answermode=auto;audio_codecs=pcmu,pcma\n`);
  await write("contacts", "");
  const { program, directory } = options;
  const { pid, exited, stop } = await runOwnProgram({ program, args: ["-f", directory], directory });
  return { address, pid, exited, stop };
}

async function profile(options: LaunchOptions, port: number): Promise<string> {
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
  if (await isAudible()) return { source: "alsa,default", player: "alsa,default" };
  return { source: "aubridge,microphone", player: "aubridge,speaker" };
}
