/** What the service costs while it waits, and how soon it answers. */
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { type ApiClient, Daemon } from "../test/support/daemon.ts";
import { freePorts } from "../test/support/ports.ts";
import { type Benchmark, median, type Row } from "./table.ts";

const STARTS = 10;
const ASKED = 200;
/** The start is over by then: V8 sweeps its garbage some ten seconds later. */
const SETTLE_MS = 15_000;
const IDLE_MS = 20_000;
const LIMITS = { cold: 300, warm: 100, memory: 90 } as const;

export const daemonBenchmark: Benchmark = {
  about: `The service with four devices configured: ${STARTS} cold starts, ${ASKED} questions, then ${IDLE_MS / 1000} s of nothing to do. The reference is what we promise.`,
  async run(progress) {
    progress(`${STARTS} cold starts`);
    const cold: number[] = [];
    for (let i = 0; i < STARTS; i++) cold.push(await coldStart());
    progress("questions, then idling");
    await using stack = new AsyncDisposableStack();
    const { daemon, api } = await start(stack);
    const warm = await answerTimes(api);
    await setTimeout(SETTLE_MS);
    const before = cpuSeconds(await stat(daemon));
    await setTimeout(IDLE_MS);
    const used = cpuSeconds(await stat(daemon)) - before;
    return [
      row("cold start to first answer, median", median(cold), "ms", LIMITS.cold),
      row("cold start to first answer, longest", Math.max(...cold), "ms", LIMITS.cold),
      row("answer, median", median(warm), "ms", LIMITS.warm),
      row("answer, longest", Math.max(...warm), "ms", LIMITS.warm),
      row("processor while idle", (100 * used) / (IDLE_MS / 1000), "%", 0),
      row("memory while idle (RSS)", await residentMb(daemon), "MB", LIMITS.memory),
    ];
  },
};

function row(what: string, value: number, unit: string, reference: number): Row {
  return { what, value, unit, reference };
}

async function start(stack: AsyncDisposableStack): Promise<{ daemon: Daemon; api: ApiClient }> {
  const port = await freePorts();
  const devices = [
    { id: "baresip", kind: "softphone" },
    { id: "linphone", kind: "softphone", program: "linphonec" },
    { id: "desk", kind: "sip", uri: `sip:desk@127.0.0.1:${port}` },
    { id: "home", kind: "pstn", number: "+4930123456" },
  ];
  const numberPlan = { country: "49", gateway: `sip:127.0.0.1:${port}` };
  const daemon = await Daemon.start({ name: "carol", config: { devices, numberPlan } });
  stack.defer(() => daemon.stop());
  const api = await daemon.connect();
  stack.defer(() => api.close());
  return { daemon, api };
}

/** Milliseconds from the start of the process to the first Result. */
async function coldStart(): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const startedAt = performance.now();
  const { api } = await start(stack);
  await api.tell("Ping");
  return performance.now() - startedAt;
}

async function answerTimes(api: ApiClient): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < ASKED; i++) {
    const askedAt = performance.now();
    await api.tell("Status");
    times.push(performance.now() - askedAt);
  }
  return times;
}

/** The fields behind the program's name (proc(5)). */
async function stat({ program }: Daemon): Promise<string[]> {
  const text = await readFile(`/proc/${program.pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function cpuSeconds(fields: readonly string[]): number {
  const ticks = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  // utime and stime, the 14th and 15th of all.
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

async function residentMb({ program }: Daemon): Promise<number> {
  const text = await readFile(`/proc/${program.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1]) / 1024;
}
