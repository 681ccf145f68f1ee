/** What a join costs the conference server and its mixer, beside SIPp as UAS and Asterisk, how soon it is answered, and what ten thousand of them leave behind. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Program } from "../test/support/processes.ts";
import { joinRowsAfter, roundRows } from "./conference-rows.ts";
import {
  AT_ONCE,
  CALLS,
  type Everyone,
  FEW,
  hangUpAll,
  inTurn,
  joinAll,
  openSides,
  PER_SECOND,
  ROOMS,
  type Round,
  round,
  SILENT_S,
  type Side,
  type Sides,
  type Used,
  used,
} from "./conference-sides.ts";
import type { Benchmark, Row } from "./table.ts";

const ROUNDS = 3;
const MANY = 10_000;
/** Who is in at a time while the many come and go. */
const CROWD = 200;
/** Transactions and what V8 has not yet swept are gone by then. */
const FORGOTTEN_MS = 70_000;

export const conferenceJoinsBenchmark: Benchmark = {
  about:
    `CPU time per join (INVITE, 200, ACK; ${PER_SECOND} a second into ${ROOMS.length} conferences of 100, UDP on loopback, PCMU with telephone-events, no audio) and per BYE, ` +
    `of conference server and mixer together, and of the conference server that mixes by itself ("mixer inside"); of ${FEW} joins into one conference ("of a hundred"); ` +
    `how soon the 200 comes; CPU time per join and joins a second when ${AT_ONCE} are always under way; CPU time per participant and second while ${CALLS} are in, nobody calls and no audio is sent ("silent"). ` +
    `All that the processes use in that time counts; "less those who are in" is without what those take, as silent ones, who came before; "what follows it" is what is used in ${SILENT_S} s after the last 200 beyond silence. ` +
    "The reference is SIPp as UAS in alternating rounds of the same run, or Asterisk (ConfBridge, without CDRs) where a row says that it was in this run: it is when there is a program asterisk, or ASTERISK names one. " +
    "Other rows that name Asterisk 22.10 or FreeSWITCH 1.11 have figures that were taken on such a machine on another day. " +
    `Then memory and open files before and after ${MANY} joins and leaves, and what a join costs ours then, for V8 compiles during the first thousands; SIPp and Asterisk are called in the same rounds, without so many before.`,
  async run(progress) {
    await using stack = new AsyncDisposableStack();
    const sides = await openSides(stack, progress);
    const version = sides.asterisk?.version;
    await inTurn(sides, round);
    const rounds: Everyone<Round>[] = [];
    for (let n = 1; n <= ROUNDS; n++) {
      progress(`joins, round ${n} of ${ROUNDS}`);
      rounds.push(await inTurn(sides, round));
    }
    const left = await comeAndGo(sides, progress);
    const joins: Everyone<Used>[] = [];
    for (let n = 1; n <= ROUNDS; n++) {
      progress(`joins after ${MANY}, round ${n} of ${ROUNDS}`);
      joins.push(await inTurn(sides, joinAndLeave));
    }
    return [...roundRows(rounds, version), ...left, ...joinRowsAfter(MANY, joins, version)];
  },
};

async function joinAndLeave(one: Side): Promise<Used> {
  const join = await joinAll(one);
  await hangUpAll(one, CALLS);
  return join;
}

/** The first thousand are the warm-up, until the processes have what they need. */
async function comeAndGo({ ours, inside }: Sides, progress: (text: string) => void): Promise<Row[]> {
  progress(`${MANY} come and go`);
  const programs = [...ours.programs, ...inside.programs];
  for (const one of [ours, inside]) await pass(one, MANY / 10);
  await sleep(FORGOTTEN_MS);
  const before = await Promise.all(programs.map(heldBy));
  for (const one of [ours, inside]) await pass(one, MANY);
  await sleep(FORGOTTEN_MS);
  const after = await Promise.all(programs.map(heldBy));
  return ["conference server", "mixer", "conference server, mixer inside,"].flatMap((name, i) => [
    row(`memory of the ${name} after ${MANY} joins and leaves`, "MB", after[i]?.mb, before[i]?.mb),
    row(`open files of the ${name} then`, "", after[i]?.files, before[i]?.files),
  ]);
}

async function pass(one: Side, count: number): Promise<void> {
  for (let done = 0; done < count; done += CROWD) {
    await used(one, { does: "call", count: CROWD, atOnce: AT_ONCE });
    await hangUpAll(one, CROWD);
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
