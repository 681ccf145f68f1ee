/** Somebody else's Linphone (linphonec): answers whoever calls, and says a tone. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SipUri } from "#sip/message.ts";
import { freePort } from "../../native-host/src/devices/free-port.ts";
import { type OwnProgram, runOwnProgram } from "../../native-host/src/devices/own-program.ts";
import { until } from "./until.ts";
import { lastTones, writeToneWav } from "./wav.ts";

const HOST = "127.0.0.1";
/** Longer than any test. */
const TONE_S = 300;

const HEARD = "heard.wav";

const INCOMING = /Receiving new incoming call from .+, assigned id (\d+)/;

export interface LinphoneOptions {
  readonly name: string;
  readonly hz: number;
  /** Writes every SIP message among its lines, for `says`. */
  readonly traced?: boolean;
  /** Keeps what it hears, for `tonesHeard`. */
  readonly records?: boolean;
}

export class Linphone {
  readonly address: SipUri;
  readonly #lines: readonly string[];
  readonly #program: OwnProgram;
  readonly #folder: string;

  private constructor(
    address: SipUri,
    running: { program: OwnProgram; folder: string; lines: readonly string[] },
  ) {
    this.address = address;
    this.#lines = running.lines;
    this.#program = running.program;
    this.#folder = running.folder;
  }

  static async start({ name, hz, traced, records }: LinphoneOptions): Promise<Linphone> {
    const folder = await mkdtemp(join(tmpdir(), "partyline-linphone-"));
    const port = await freePort(HOST);
    const address: SipUri = `sip:${name}@${HOST}:${port}`;
    const [file, tone] = [join(folder, "linphonerc"), join(folder, "tone.wav")];
    await writeFile(file, profile(address, port));
    await writeToneWav(tone, hz, TONE_S);
    const lines: string[] = [];
    const program = await runOwnProgram({
      program: "linphonec",
      args: ["-c", file, ...(traced ? ["-d", "6"] : [])],
      directory: folder,
      environment: { PATH: process.env["PATH"] ?? "", HOME: folder, XDG_DATA_HOME: folder },
      onLine: (line) => {
        lines.push(line);
        const call = INCOMING.exec(line)?.[1];
        if (call !== undefined) program.write(`answer ${call}`);
        // A call it makes because it was sent elsewhere does not take the file over by itself.
        if (line.includes("Media streams established")) program.write(`play ${tone}`);
      },
    });
    program.write("soundcard use files");
    program.write(`play ${tone}`);
    if (records) program.write(`record ${join(folder, HEARD)}`);
    return new Linphone(address, { program, folder, lines });
  }

  /** A command of linphonec's own, such as `pause`; digits are keys pressed in the call. */
  command(text: string): void {
    this.#program.write(text);
  }

  /** Resolves when a line has fitted, or does from now on. */
  says(pattern: RegExp): Promise<void> {
    return until(() => this.#lines.some((line) => pattern.test(line)), `linphone: ${pattern}`);
  }

  /** Calls an address; resolves when the call is up. */
  async dial(uri: SipUri): Promise<void> {
    this.command(`call ${uri}`);
    await this.says(/Media streams established/);
  }

  /** The tones in the last half second it recorded; none before that. */
  tonesHeard(): Promise<number[]> {
    return lastTones(join(this.#folder, HEARD));
  }

  hangUp(): void {
    this.#program.write("terminate all");
  }

  async stop(): Promise<void> {
    this.#program.write("quit");
    await this.#program.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** This computer alone, any RTP port, PCMU and PCMA, nothing kept. */
function profile(address: SipUri, port: number): string {
  const codec = (at: number, mime: string) =>
    `[audio_codec_${at}]\nmime=${mime}\nrate=8000\nchannels=1\nenabled=1\n`;
  return `[sip]
sip_port=${port}
sip_tcp_port=0
sip_tls_port=0
bind_address=${HOST}
use_ipv6=0
ipv6_migration_done=1
guess_hostname=0
contact=<${address}>
register_only_when_network_is_up=0
[rtp]
bind_address=${HOST}
audio_rtp_port=-1
video_rtp_port=-1
[storage]
uri=null
${codec(0, "PCMU")}${codec(1, "PCMA")}`;
}
