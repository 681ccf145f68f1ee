/**
 * Launches linphonec with a profile of its own: loopback only, no registration. It has no secret address, so it is told
 * over its standard input to answer the calls of one secret caller, and rings for everybody else.
 */

import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { childEnvironment } from "../environment.ts";
import { freePort } from "./free-port.ts";
import { type OwnProgram, runOwnProgram } from "./own-program.ts";
import type { LaunchOptions, SoftphoneProgram } from "./softphone.ts";
import { isAudible } from "./system-sound.ts";

const HOST = "127.0.0.1";
/** No call is given up for want of audio before. */
const A_DAY_S = 86_400;

/** What linphonec says of a call that comes in: who calls, and the number it gave the call. */
const INCOMING = /Receiving new incoming call from (.+), assigned id (\d+)/;

/** Writes the profile and starts the program; it may need a moment until it listens. */
export async function launchLinphone(options: LaunchOptions): Promise<SoftphoneProgram> {
  const { program, directory, audioSource } = options;
  const port = await freePort(HOST);
  const secret = randomBytes(12).toString("hex");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, "linphonerc");
  await writeFile(file, profile(options, port), { mode: 0o600 });
  const phone: OwnProgram = await runOwnProgram({
    program,
    args: ["-c", file],
    directory,
    environment: childEnvironment({
      HOME: directory,
      XDG_CONFIG_HOME: join(directory, "config"),
      XDG_DATA_HOME: join(directory, "data"),
    }),
    onLine: (line) => {
      const [, caller = "", call = ""] = INCOMING.exec(line) ?? [];
      if (caller.includes(`sip:${secret}@`)) phone.write(`answer ${call}`);
    },
  });
  if (isFile(audioSource) || !(await isAudible())) phone.write("soundcard use files");
  if (isFile(audioSource)) phone.write(`play ${audioSource}`);
  const { pid, exited } = phone;
  const stop = () => {
    phone.write("quit");
    return phone.stop();
  };
  return { address: `sip:phone@${HOST}:${port}`, from: `sip:${secret}@${HOST}`, pid, exited, stop };
}

/** A WAV file plays the microphone; anything else is a sound card as `soundcard list` names it. */
function isFile(audioSource: string | undefined): audioSource is string {
  return audioSource?.endsWith(".wav") === true;
}

function profile({ audioSource, audioPlayer }: LaunchOptions, port: number): string {
  const capture = isFile(audioSource) ? undefined : audioSource;
  const lines = [
    "[sip]",
    `sip_port=${port}`,
    // Port 0 is none of these; without bind_address it listens everywhere.
    "sip_tcp_port=0",
    "sip_tls_port=0",
    `bind_address=${HOST}`,
    "use_ipv6=0",
    // Else the first start turns IPv6 on again.
    "ipv6_migration_done=1",
    "guess_hostname=0",
    `contact="Partyline" <sip:phone@${HOST}:${port}>`,
    "inc_timeout=30",
    "register_only_when_network_is_up=0",
    "[rtp]",
    // Any free one.
    "audio_rtp_port=-1",
    "video_rtp_port=-1",
    // While the other side rings there is no audio; 0 is no "never", but hangs up within a second or two.
    `nortp_timeout=${A_DAY_S}`,
    "[sound]",
    ...(capture === undefined ? [] : [`capture_dev_id=${capture}`]),
    ...(audioPlayer === undefined ? [] : [`playback_dev_id=${audioPlayer}`, `ringer_dev_id=${audioPlayer}`]),
    "[audio_codec_0]",
    "mime=PCMU",
    "rate=8000",
    "channels=1",
    "enabled=1",
    "[audio_codec_1]",
    "mime=PCMA",
    "rate=8000",
    "channels=1",
    "enabled=1",
    // No history of calls outlives the service.
    "[storage]",
    "uri=null",
  ];
  return `${lines.join("\n")}\n`;
}
