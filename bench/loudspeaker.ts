/** A loudspeaker with a microphone before it: a PulseAudio of our own whose null sink is recorded by parec. */
import { existsSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Program } from "../test/support/processes.ts";
import { SAMPLE_RATE, toneLevel } from "../test/support/tone.ts";
import { until } from "../test/support/until.ts";

const SINK = "loudspeaker";
/** Fine enough to see a quarter of a frame, long enough to hold three periods of 600 Hz. */
const BLOCK_MS = 5;
const BLOCK_SAMPLES = (SAMPLE_RATE * BLOCK_MS) / 1000;
/** A tone counts as heard from this part of full scale on; microphones say theirs at 0.25. */
const HEARD = 0.04;
/** A tone that lasts shorter is no stay in a room. */
const STAY_MS = 300;
/** The recording may go on this much longer than the acts: the player and the sound server buffer a second or two. */
const AFTER_MS = 8000;
const LOOK_EVERY_MS = 500;

export class Loudspeaker {
  /** For a player's PULSE_SERVER. */
  readonly server: string;
  readonly #folder: string;
  readonly #program: Program;

  private constructor(folder: string, program: Program) {
    this.#folder = folder;
    this.#program = program;
    this.server = `unix:${join(folder, "socket")}`;
  }

  static async open(): Promise<Loudspeaker> {
    const folder = await mkdtemp(join(tmpdir(), "partyline-loudspeaker-"));
    const program = await Program.start("pulseaudio", {
      name: "pulseaudio",
      args: [
        "-n",
        "--daemonize=no",
        "--exit-idle-time=-1",
        "--use-pid-file=no",
        "--disable-shm=yes",
        "--log-target=stderr",
        "--log-level=info",
        `--load=module-null-sink sink_name=${SINK} rate=${SAMPLE_RATE} channels=1`,
        `--load=module-native-protocol-unix socket=${join(folder, "socket")} auth-anonymous=1`,
      ],
      env: environment(folder),
      ready: /Daemon startup complete/,
    });
    return new Loudspeaker(folder, program);
  }

  /** Records what is played from the beginning of `acts` until all of it was `heard`; 16-bit samples at 8000 Hz. */
  async record(acts: () => Promise<void>, heard: (recording: Int16Array) => boolean): Promise<Int16Array> {
    const file = join(this.#folder, `${Math.random().toString(36).slice(2)}.raw`);
    const recorder = await Program.start("parec", {
      name: "parec",
      args: [
        `--device=${SINK}.monitor`,
        "--raw",
        "--format=s16le",
        `--rate=${SAMPLE_RATE}`,
        "--channels=1",
        "--latency-msec=10",
        file,
      ],
      env: { ...environment(this.#folder), PULSE_SERVER: this.server },
    });
    try {
      await until(() => existsSync(file) && statSync(file).size > 0, "the first recorded sample");
      await acts();
      const latest = performance.now() + AFTER_MS;
      while (!heard(await samplesIn(file)) && performance.now() < latest) await setTimeout(LOOK_EVERY_MS);
    } finally {
      await recorder.stop();
    }
    return samplesIn(file);
  }

  async close(): Promise<void> {
    await this.#program.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function samplesIn(file: string): Promise<Int16Array> {
  const raw = await readFile(file);
  return new Int16Array(raw.buffer, raw.byteOffset, raw.length >> 1);
}

/** Works as root, without a session bus, and leaves the user's own sound server alone. */
function environment(folder: string): Record<string, string> {
  return { HOME: folder, XDG_RUNTIME_DIR: folder, PULSE_RUNTIME_PATH: join(folder, "pulse") };
}

interface Run {
  /** The tone in Hz, undefined for silence or noise. */
  readonly hz: number | undefined;
  ms: number;
}

/** What a listener notices: silences between two rooms, and drop-outs while in one. Milliseconds. */
export interface Gaps {
  readonly switches: number[];
  readonly dropOuts: number[];
}

/** Audible gaps of a recording in which rooms are told apart by their tones. */
export function gapsIn(recording: Int16Array, tones: readonly number[]): Gaps {
  const runs = runsOf(recording, tones);
  const stays = runs.flatMap((run, index) =>
    run.hz !== undefined && run.ms > STAY_MS ? [{ run, index }] : [],
  );
  const gaps: Gaps = { switches: [], dropOuts: [] };
  for (const [i, { run, index }] of stays.slice(1).entries()) {
    const before = stays[i];
    if (!before) continue;
    const between = runs.slice(before.index + 1, index);
    const silentMs = between.filter(({ hz }) => hz === undefined).reduce((sum, { ms }) => sum + ms, 0);
    (before.run.hz === run.hz ? gaps.dropOuts : gaps.switches).push(silentMs);
  }
  return gaps;
}

function runsOf(recording: Int16Array, tones: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (let at = 0; at + BLOCK_SAMPLES <= recording.length; at += BLOCK_SAMPLES) {
    const hz = loudest(recording.subarray(at, at + BLOCK_SAMPLES), tones);
    const last = runs.at(-1);
    if (last && last.hz === hz) last.ms += BLOCK_MS;
    else runs.push({ hz, ms: BLOCK_MS });
  }
  return runs;
}

function loudest(block: Int16Array, tones: readonly number[]): number | undefined {
  const levels = tones.map((hz) => ({ hz, level: toneLevel(block, hz) }));
  const [first] = levels.sort((a, b) => b.level - a.level);
  return first && first.level > HEARD ? first.hz : undefined;
}
