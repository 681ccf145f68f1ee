/** The mixer as the main thread sees it: a handle on the thread that mixes, and on its crashes. */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { Media, MediaEngine, MediaEvents, StreamSettings } from "../media-engine.ts";
import type { PortRange } from "../packet-io/packet-io.ts";
import type { Samples } from "../prompt-player.ts";
import type { ClockCounters } from "./clock.ts";
import type { Command, EngineDump, Report } from "./engine.ts";
import type { WorkerData, WorkerReport } from "./tick-worker.ts";

export interface MixerOptions extends Partial<MediaEvents> {
  /** The literal address media are received on. */
  readonly host: string;
  readonly rtp: PortRange;
  /** Starts the thread; replaced in tests that want to see it die. */
  readonly spawn?: (data: WorkerData) => Worker;
}

/** Counters of the whole mixer, for a person who looks for a fault. */
export type MixerDump = EngineDump & { readonly clock: ClockCounters };

/** No port is free, or the mixing thread died over it: try again later. */
export class MixerBusyError extends Error {
  override readonly name = "MixerBusyError";
}

interface Pending<Value> {
  resolve(value: Value): void;
  reject(cause: Error): void;
}

/** What it is ordered takes effect at the next tick of 20 ms. */
export class Mixer implements MediaEngine {
  readonly #options: MixerOptions;
  readonly #opening = new Map<number, Pending<number>>();
  readonly #dumping = new Map<number, Pending<MixerDump>>();
  #next = 1;
  #worker: Worker;
  #port: MessagePort;
  #stopped = false;
  #posting: Command[] = [];

  constructor(options: MixerOptions) {
    this.#options = options;
    [this.#worker, this.#port] = this.#start();
  }

  /** Throws MixerBusyError. */
  async open(): Promise<{ stream: number; port: number }> {
    const stream = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#opening.set(stream, { resolve, reject });
    this.#post({ name: "open", stream });
    return { stream, port: await promise };
  }

  agree(stream: number, media: Media): void {
    this.#post({ name: "agree", stream, media });
  }

  speak(stream: number): void {
    this.#post({ name: "speak", stream });
  }

  move(stream: number, room: string): void {
    this.#post({ name: "move", stream, room });
  }

  configure(stream: number, settings: StreamSettings): void {
    this.#post({ name: "configure", stream, ...settings });
  }

  play(stream: number, pieces: readonly Samples[]): number {
    const ask = this.#next++;
    this.#post({ name: "play", stream, ask, pieces });
    return ask;
  }

  stopPlaying(stream: number): void {
    this.#post({ name: "stop", stream });
  }

  close(stream: number): void {
    this.#post({ name: "close", stream });
  }

  async dump(): Promise<MixerDump> {
    const ask = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<MixerDump>();
    this.#dumping.set(ask, { resolve, reject });
    this.#post({ name: "dump", ask });
    return promise;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#abandon("The mixer was stopped.");
    await this.#worker.terminate();
    this.#port.close();
  }

  #start(): [Worker, MessagePort] {
    const { port1, port2 } = new MessageChannel();
    const data = { port: port2, host: this.#options.host, rtp: this.#options.rtp };
    const worker = (this.#options.spawn ?? spawnWorker)(data);
    let cause: unknown;
    worker.on("error", (error) => {
      cause = error;
    });
    worker.on("exit", () => this.#died(cause));
    // What comes from the thread is typed where it is posted, in tick-worker.ts.
    port1.on("message", (report: WorkerReport) => this.#take(report));
    return [worker, port1];
  }

  /** What is asked for in one turn goes together: each message wakes the thread. */
  #post(command: Command): void {
    this.#posting.push(command);
    if (this.#posting.length === 1) queueMicrotask(() => this.#send());
  }

  #send(): void {
    const commands = this.#posting;
    this.#posting = [];
    this.#port.postMessage(commands);
  }

  #take(report: WorkerReport): void {
    const events = this.#options;
    if (report.name === "talking") events.onTalking?.(report.stream, report.on, report.talkers);
    else if (report.name === "key") events.onKey?.(report.stream, report.key, report.sinceMs);
    else if (report.name === "played") events.onPlayed?.(report.stream, report.ask, report.end);
    else if (report.name === "dump") this.#dumped(report);
    else this.#opened(report);
  }

  #opened(report: Extract<Report, { name: "opened" | "refused" }>): void {
    const opening = this.#opening.get(report.stream);
    this.#opening.delete(report.stream);
    if (report.name === "opened") opening?.resolve(report.port);
    else opening?.reject(new MixerBusyError(report.why));
  }

  #dumped({ ask, dump, clock }: Extract<WorkerReport, { name: "dump" }>): void {
    const dumping = this.#dumping.get(ask);
    this.#dumping.delete(ask);
    if (clock) dumping?.resolve({ ...dump, clock });
  }

  #died(cause: unknown): void {
    if (this.#stopped) return;
    this.#port.close();
    this.#abandon("The mixing thread died.");
    [this.#worker, this.#port] = this.#start();
    this.#options.onCrash?.(cause);
  }

  #abandon(why: string): void {
    for (const pending of [...this.#opening.values(), ...this.#dumping.values()]) {
      pending.reject(new MixerBusyError(why));
    }
    this.#opening.clear();
    this.#dumping.clear();
  }
}

function spawnWorker(data: WorkerData): Worker {
  return new Worker(new URL("./tick-worker.ts", import.meta.url), {
    workerData: data,
    transferList: [data.port],
  });
}
