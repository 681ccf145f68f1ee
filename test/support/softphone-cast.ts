/** A softphone as a device, launched for real, with a tone for its microphone, and the user agent that calls it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserAgent } from "#sip/user-agent.ts";
import type { Device, DeviceLeg } from "../../native-host/src/devices/device.ts";
import { untilReachable } from "../../native-host/src/devices/reachable.ts";
import { type SoftphoneProgram, softphone } from "../../native-host/src/devices/softphone.ts";
import { endOf } from "./end-of.ts";
import { writeToneWav } from "./wav.ts";

const HOST = "127.0.0.1";
export const MICROPHONE_HZ = 450;

interface Launching {
  /** Where the softphone may write. */
  readonly directory: string;
  /** A WAV file of MICROPHONE_HZ. */
  readonly microphone: string;
}

export class SoftphoneCast {
  readonly agent: UserAgent;
  readonly device: Device;
  /** What the softphone writes is in here. */
  readonly directory: string;
  /** Every program that was started, in order. */
  readonly programs: readonly SoftphoneProgram[];
  readonly signal = new AbortController().signal;
  readonly #folder: string;

  private constructor(
    agent: UserAgent,
    folder: string,
    launch: (where: Launching) => Promise<SoftphoneProgram>,
  ) {
    const programs: SoftphoneProgram[] = [];
    const directory = join(folder, "softphone");
    this.agent = agent;
    this.directory = directory;
    this.programs = programs;
    this.#folder = folder;
    this.device = softphone({
      id: "soft",
      name: "Softphone",
      anchored: true,
      caller: agent,
      mediaHost: HOST,
      installed: true,
      launch: async () => {
        const program = await launch({ directory, microphone: microphoneIn(folder) });
        programs.push(program);
        return program;
      },
      untilReachable: (address, stop) => untilReachable(agent, address, stop),
    });
  }

  static async open(launch: (where: Launching) => Promise<SoftphoneProgram>): Promise<SoftphoneCast> {
    const folder = await mkdtemp(join(tmpdir(), "partyline-softphone-"));
    await writeToneWav(microphoneIn(folder), MICROPHONE_HZ, 60);
    const agent = await UserAgent.open({ host: HOST, port: 0, name: "test", identity: {} });
    return new SoftphoneCast(agent, folder, launch);
  }

  async answered(): Promise<DeviceLeg> {
    const end = await this.device.wake(this.signal);
    return end.connect({ codecs: ["PCMU", "PCMA"], signal: this.signal });
  }

  /** kill -9 while it is in a call; resolves with why the call ended. */
  async crashesInMidCall(): Promise<string> {
    const ended = endOf(await this.answered());
    process.kill(this.programs[0]?.pid ?? 0, "SIGKILL");
    return ended;
  }

  async close(): Promise<void> {
    await this.device.close?.();
    await this.agent.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function microphoneIn(folder: string): string {
  return join(folder, "microphone.wav");
}
