/** What a join costs the conference server and its mixer, beside SIPp as UAS, how soon it is answered, and what ten thousand of them leave behind. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Program } from "../test/support/processes.ts";
import { startServer } from "../test/support/servers.ts";
import { Callers, type Turn, type Turned } from "./conference-callers.ts";
import { cpuSecondsOf, startSipp, stopServers } from "./sip/servers.ts";
import { type Benchmark, median, type Row } from "./table.ts";

const HOST = "127.0.0.1";
const ROUNDS = 3;
const CALLS = 500;
const PER_SECOND = 100;
const AT_ONCE = 20;
const MANY = 10_000;
/** Who is in at a time while the many come and go. */
const CROWD = 200;
/** Transactions and what V8 has not yet swept are gone by then. */
const FORGOTTEN_MS = 70_000;
const ROOMS = Array.from({ length: 5 }, (_, i) => `room${i}`);
const NO_LIMIT = ["--join-rate", "0", "--join-rate-all", "0"];

/** What others took here on 2026-11-22: 100 callers a second into one conference, PCMU, a process that mixes by itself. */
const ASTERISK = { cpuMs: 2, medianMs: 1.6, p95Ms: 9.8 };
const FREESWITCH = { cpuMs: 6, medianMs: 31, p95Ms: 145 };

interface Side {
  readonly name: string;
  readonly server: string;
  readonly programs: readonly Program[];
  readonly callers: Callers;
}

/** One turn of all calls: what each program used, milliseconds of CPU per call, and how it went. */
interface Used extends Turned {
  readonly cpuMs: readonly number[];
}

interface Round {
  readonly join: Used;
  readonly leave: Used;
  readonly rush: Used;
}

export const conferenceJoinsBenchmark: Benchmark = {
  about:
    `CPU time per join (INVITE, 200, ACK; ${PER_SECOND} a second into ${ROOMS.length} conferences of 100, UDP on loopback, PCMU with telephone-events, no audio) and per BYE, ` +
    `of conference server and mixer together; how soon the 200 comes; joins a second when ${AT_ONCE} are always under way. The reference is SIPp as UAS in alternating rounds of the same run, ` +
    "except where a row names Asterisk 22.10 or FreeSWITCH 1.11: their figures were taken on such a machine on another day. " +
    `Then memory and open files before and after ${MANY} joins and leaves.`,
  async run(progress) {
    await using stack = new AsyncDisposableStack();
    stack.defer(stopServers);
    const { ours, mixer } = await open(stack);
    const sipp = await startSipp();
    const floor = side(stack, { name: "SIPp", port: sipp.port, programs: [sipp.program] });
    const rounds: { ours: Round; floor: Round }[] = [];
    for (const one of [ours, floor]) await round(one);
    for (let n = 1; n <= ROUNDS; n++) {
      progress(`joins, round ${n} of ${ROUNDS}`);
      rounds.push({ ours: await round(ours), floor: await round(floor) });
    }
    return [...joinRows(rounds), ...(await comeAndGo(ours, mixer, progress))];
  },
};

async function open(stack: AsyncDisposableStack): Promise<{ ours: Side; mixer: Program }> {
  const quiet = ["--log-level", "error"];
  const mixer = await startServer("mixer", { args: ["--rtp", "0", ...quiet] });
  stack.defer(() => mixer.stop().then(() => undefined));
  const args = ["--mixer", `sip:${HOST}:${mixer.port}`, ...NO_LIMIT, ...quiet];
  const conference = await startServer("conference", { args });
  stack.defer(() => conference.stop().then(() => undefined));
  const programs = [conference.program, mixer.program];
  return {
    ours: side(stack, { name: "ours", port: conference.port, programs }),
    mixer: mixer.program,
  };
}

function side(
  stack: AsyncDisposableStack,
  { name, port, programs }: { name: string; port: number; programs: readonly Program[] },
): Side {
  const callers = new Callers();
  stack.defer(() => callers.close());
  return { name, server: `${HOST}:${port}`, programs, callers };
}

async function round(one: Side): Promise<Round> {
  const pace = { count: CALLS, perSecond: PER_SECOND };
  const join = await used(one, { does: "call", ...pace });
  const leave = await used(one, { does: "hang up", ...pace });
  const rush = await used(one, { does: "call", count: CALLS, atOnce: AT_ONCE });
  await used(one, { does: "hang up", count: CALLS, atOnce: AT_ONCE });
  return { join, leave, rush };
}

async function used(
  { server, programs, callers }: Side,
  turn: Omit<Turn, "server" | "rooms">,
): Promise<Used> {
  const before = await Promise.all(programs.map(cpuSecondsOf));
  const turned = await callers.turn({ ...turn, server, rooms: ROOMS });
  const after = await Promise.all(programs.map(cpuSecondsOf));
  const cpuMs = after.map((seconds, i) => (1000 * (seconds - (before[i] ?? 0))) / turn.count);
  return { ...turned, cpuMs };
}

type Rounds = readonly { readonly ours: Round; readonly floor: Round }[];

function joinRows(rounds: Rounds): Row[] {
  const both = (figure: (round: Round) => number) => ({
    value: median(rounds.map(({ ours }) => figure(ours))),
    reference: median(rounds.map(({ floor }) => figure(floor))),
  });
  const join = both((round) => sum(round.join.cpuMs));
  const soon = both((round) => median(round.join.answeredMs));
  const late = both((round) => p95(round.join.answeredMs));
  const quoted = (what: string, value: number, reference: number): Row => ({
    what,
    value,
    unit: "ms",
    reference,
  });
  return [
    { what: "join", unit: "ms CPU", ...join },
    {
      what: "join, conference server alone",
      unit: "ms CPU",
      ...both(({ join: { cpuMs } }) => cpuMs[0] ?? 0),
    },
    quoted("join, CPU beside Asterisk's 2 to 3", join.value, ASTERISK.cpuMs),
    quoted("join, CPU beside FreeSWITCH's 6 to 7", join.value, FREESWITCH.cpuMs),
    { what: "leave", unit: "ms CPU", ...both((round) => sum(round.leave.cpuMs)) },
    { what: "join 100/s, 200 OK median", unit: "ms", ...soon },
    { what: "join 100/s, 200 OK p95", unit: "ms", ...late },
    quoted("join 100/s, median beside Asterisk", soon.value, ASTERISK.medianMs),
    quoted("join 100/s, p95 beside Asterisk", late.value, ASTERISK.p95Ms),
    quoted("join 100/s, median beside FreeSWITCH", soon.value, FREESWITCH.medianMs),
    quoted("join 100/s, p95 beside FreeSWITCH", late.value, FREESWITCH.p95Ms),
    {
      what: "joins a second",
      unit: "",
      ...both((round) => (1000 * CALLS) / round.rush.tookMs),
    },
  ];
}

/** The first thousand are the warm-up, until the process has what it needs. */
async function comeAndGo(ours: Side, mixer: Program, progress: (text: string) => void): Promise<Row[]> {
  progress(`${MANY} come and go`);
  const [conference = mixer] = ours.programs;
  await pass(ours, MANY / 10);
  await sleep(FORGOTTEN_MS);
  const before = await Promise.all([conference, mixer].map(heldBy));
  await pass(ours, MANY);
  await sleep(FORGOTTEN_MS);
  const after = await Promise.all([conference, mixer].map(heldBy));
  return ["conference server", "mixer"].flatMap((name, i) => [
    row(`memory of the ${name} after ${MANY} joins and leaves`, "MB", after[i]?.mb, before[i]?.mb),
    row(`open files of the ${name} then`, "", after[i]?.files, before[i]?.files),
  ]);
}

async function pass(ours: Side, count: number): Promise<void> {
  for (let done = 0; done < count; done += CROWD) {
    await used(ours, { does: "call", count: CROWD, atOnce: AT_ONCE });
    await used(ours, { does: "hang up", count: CROWD, atOnce: AT_ONCE });
  }
}

/** A leg that is left at the mixer has its socket still. */
async function heldBy({ pid }: Program): Promise<{ mb: number; files: number }> {
  const status = await readFile(`/proc/${pid}/status`, "latin1");
  const files = await readdir(`/proc/${pid}/fd`);
  return { mb: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024, files: files.length };
}

function row(what: string, unit: string, value = Number.NaN, reference = Number.NaN): Row {
  return { what, unit, value, reference };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function p95(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(0.95 * values.length)] ?? Number.NaN;
}
