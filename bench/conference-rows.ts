/** What the turns of the benchmark of joins come to: rows of ours, each beside the same turns of another side. */
import {
  AT_ONCE,
  CALLS,
  type Everyone,
  PER_SECOND,
  type Round,
  SILENT_S,
  type Used,
} from "./conference-sides.ts";
import { median, type Row } from "./table.ts";

/** What others took here on 2026-11-22: 100 callers a second into one conference, PCMU, a process that mixes by itself. */
const ASTERISK = { cpuMs: 2, medianMs: 1.6, p95Ms: 9.8 };
const FREESWITCH = { cpuMs: 6, medianMs: 31, p95Ms: 145 };

interface Figure<T> {
  readonly what: string;
  readonly unit: string;
  of(turn: T): number;
}

/** Of all programs of a side. */
function cpuMs({ cpuMs: each }: Used): number {
  return each.reduce((all, value) => all + value, 0);
}

const join = (round: Round) => cpuMs(round.join);
const soon = (round: Round) => median(round.join.answeredMs);
const late = (round: Round) => p95(round.join.answeredMs);

/** Half of all are in on average while they come. */
const ALREADY_IN_S = CALLS / PER_SECOND / 2;
const joinAlone = (round: Round) => join(round) - round.silentMs * ALREADY_IN_S;
const rush = (round: Round) => cpuMs(round.rush);
const rushWhole = (round: Round) => rush(round) + (round.rushedMs - round.silentMs) * SILENT_S;

const FIGURES: readonly Figure<Round>[] = [
  { what: "join", unit: "ms CPU", of: join },
  { what: "join, less those who are in", unit: "ms CPU", of: joinAlone },
  { what: "join, of a hundred", unit: "ms CPU", of: ({ few }) => cpuMs(few) },
  { what: `join of ${AT_ONCE} at a time`, unit: "ms CPU", of: rush },
  { what: `join of ${AT_ONCE} at a time, and what follows it`, unit: "ms CPU", of: rushWhole },
  { what: "leave", unit: "ms CPU", of: ({ leave }) => cpuMs(leave) },
  { what: "join 100/s, 200 OK median", unit: "ms", of: soon },
  { what: "join 100/s, 200 OK p95", unit: "ms", of: late },
  { what: "joins a second", unit: "", of: (round) => (1000 * CALLS) / round.rush.tookMs },
  { what: "participant who is silent", unit: "ms CPU a second", of: ({ silentMs }) => silentMs },
];

/** `version` is that of the Asterisk in these rounds. */
export function roundRows(rounds: readonly Everyone<Round>[], version?: string): Row[] {
  const ours = (of: (round: Round) => number) => median(rounds.map((round) => of(round.ours)));
  const inside = (of: (round: Round) => number) => median(rounds.map((round) => of(round.inside)));
  const sipp = (of: (round: Round) => number) => median(rounds.map((round) => of(round.sipp)));
  const alone = (round: Round) => round.join.cpuMs[0] ?? 0;
  const quoted = (what: string, of: (round: Round) => number, reference: number): Row => ({
    what,
    value: ours(of),
    unit: "ms",
    reference,
  });
  return [
    ...FIGURES.flatMap((figure) => rowsOf(figure, rounds, version)),
    { what: "join, conference server alone", unit: "ms CPU", value: ours(alone), reference: sipp(alone) },
    quoted("join, CPU beside Asterisk's 2 to 3", join, ASTERISK.cpuMs),
    quoted("join, CPU beside FreeSWITCH's 6 to 7", join, FREESWITCH.cpuMs),
    {
      ...quoted("join, mixer inside, CPU beside Asterisk's 2 to 3", join, ASTERISK.cpuMs),
      value: inside(join),
    },
    quoted("join 100/s, median beside Asterisk", soon, ASTERISK.medianMs),
    quoted("join 100/s, p95 beside Asterisk", late, ASTERISK.p95Ms),
    quoted("join 100/s, median beside FreeSWITCH", soon, FREESWITCH.medianMs),
    quoted("join 100/s, p95 beside FreeSWITCH", late, FREESWITCH.p95Ms),
  ];
}

/** The same join, after so many. */
export function joinRowsAfter(many: number, joins: readonly Everyone<Used>[], version?: string): Row[] {
  return rowsOf({ what: `join after ${many}`, unit: "ms CPU", of: cpuMs }, joins, version);
}

/** Both of ours beside SIPp, and beside Asterisk where it was called. */
function rowsOf<T>({ what, unit, of }: Figure<T>, turns: readonly Everyone<T>[], version?: string): Row[] {
  const figure = (side: keyof Everyone<T>) =>
    median(turns.flatMap(({ [side]: turn }) => (turn === undefined ? [] : [of(turn)])));
  const beside = (reference: number, named: string) => [
    { what: `${what}${named}`, unit, value: figure("ours"), reference },
    { what: `${what}, mixer inside${named}`, unit, value: figure("inside"), reference },
  ];
  return [
    ...beside(figure("sipp"), ""),
    ...(version === undefined ? [] : beside(figure("asterisk"), `, beside Asterisk ${version} in this run`)),
  ];
}

function p95(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(0.95 * values.length)] ?? Number.NaN;
}
