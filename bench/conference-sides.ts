/** Who is called by the benchmark of joins, in turn: our conference server, with a mixer beside it and with one inside, SIPp, and Asterisk. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Program } from "../test/support/processes.ts";
import { startServer } from "../test/support/servers.ts";
import { Asterisk, findAsterisk } from "./asterisk.ts";
import { Callers, type Turn, type Turned } from "./conference-callers.ts";
import { cpuSecondsOf, startSipp, stopServers } from "./sip/servers.ts";

const HOST = "127.0.0.1";
export const CALLS = 500;
export const PER_SECOND = 100;
export const AT_ONCE = 20;
/** Into one conference, as others were measured. */
export const FEW = 100;
export const SILENT_S = 2;
export const ROOMS = Array.from({ length: 5 }, (_, i) => `room${i}`);
const NO_LIMIT = ["--join-rate", "0", "--join-rate-all", "0"];
const QUIET = ["--log-level", "error"];

export interface Side {
  readonly server: string;
  readonly programs: readonly Program[];
  readonly callers: Callers;
}

export interface Sides {
  /** Conference server and mixer, in this order. */
  readonly ours: Side;
  /** Our conference server that mixes by itself. */
  readonly inside: Side;
  readonly sipp: Side;
  readonly asterisk?: Side & { readonly version: string };
}

/** All that there are; they end with the stack. */
export async function openSides(
  stack: AsyncDisposableStack,
  progress: (text: string) => void,
): Promise<Sides> {
  stack.defer(stopServers);
  const ours = await openOurs(stack);
  const inside = await openInside(stack);
  const sipp = await startSipp();
  const asterisk = await openAsterisk(stack);
  if (!asterisk) progress("there is no program asterisk here, nor does ASTERISK name one: no rows beside it");
  return { ours, inside, sipp: side(stack, sipp.port, [sipp.program]), ...(asterisk && { asterisk }) };
}

async function openOurs(stack: AsyncDisposableStack): Promise<Side> {
  const mixer = await startServer("mixer", { args: ["--rtp", "0", ...QUIET] });
  stack.defer(() => mixer.stop().then(() => undefined));
  const args = ["--mixer", `sip:${HOST}:${mixer.port}`, ...NO_LIMIT, ...QUIET];
  const conference = await startServer("conference", { args });
  stack.defer(() => conference.stop().then(() => undefined));
  return side(stack, conference.port, [conference.program, mixer.program]);
}

async function openInside(stack: AsyncDisposableStack): Promise<Side> {
  const args = ["--mixer", "own", "--rtp", "0", ...NO_LIMIT, ...QUIET];
  const conference = await startServer("conference", { args });
  stack.defer(() => conference.stop().then(() => undefined));
  return side(stack, conference.port, [conference.program]);
}

async function openAsterisk(stack: AsyncDisposableStack): Promise<Sides["asterisk"]> {
  const installed = await findAsterisk();
  if (!installed) return undefined;
  const asterisk = await Asterisk.start(installed.binary);
  stack.defer(() => asterisk.stop());
  return { ...side(stack, asterisk.port, [asterisk.program]), version: installed.version };
}

function side(stack: AsyncDisposableStack, port: number, programs: readonly Program[]): Side {
  const callers = new Callers();
  stack.defer(() => callers.close());
  return { server: `${HOST}:${port}`, programs, callers };
}

/** The same of each side. */
export interface Everyone<T> {
  readonly ours: T;
  readonly inside: T;
  readonly sipp: T;
  readonly asterisk?: T;
}

/** Asks one side after the other. */
export async function inTurn<T>(sides: Sides, turn: (side: Side) => Promise<T>): Promise<Everyone<T>> {
  const { asterisk } = sides;
  return {
    ours: await turn(sides.ours),
    inside: await turn(sides.inside),
    sipp: await turn(sides.sipp),
    ...(asterisk && { asterisk: await turn(asterisk) }),
  };
}

/** One turn of all calls: what each program used, milliseconds of CPU per call, and how it went. */
export interface Used extends Turned {
  readonly cpuMs: readonly number[];
}

export interface Round {
  readonly join: Used;
  /** CPU of all programs per participant and second while all are in and nobody calls. */
  readonly silentMs: number;
  readonly leave: Used;
  /** As many as there can be with some always under way. */
  readonly rush: Used;
  /** The same as `silentMs`, after the rush: whoever answers before it has done everything has to do it now. */
  readonly rushedMs: number;
  /** The first few, into one conference. */
  readonly few: Used;
}

export async function round(one: Side): Promise<Round> {
  const join = await joinAll(one);
  const silentMs = await silence(one);
  const leave = await used(one, { does: "hang up", count: CALLS, perSecond: PER_SECOND });
  const rush = await used(one, { does: "call", count: CALLS, atOnce: AT_ONCE });
  const rushedMs = await silence(one);
  await hangUpAll(one, CALLS);
  const few = await used(one, {
    does: "call",
    count: FEW,
    perSecond: PER_SECOND,
    rooms: ROOMS.slice(0, 1),
  });
  await hangUpAll(one, FEW);
  return { join, silentMs, leave, rush, rushedMs, few };
}

export function joinAll(one: Side): Promise<Used> {
  return used(one, { does: "call", count: CALLS, perSecond: PER_SECOND });
}

export async function hangUpAll(one: Side, count: number): Promise<void> {
  await used(one, { does: "hang up", count, atOnce: AT_ONCE });
}

async function silence({ programs }: Side): Promise<number> {
  const before = await Promise.all(programs.map(cpuSecondsOf));
  await sleep(1000 * SILENT_S);
  const after = await Promise.all(programs.map(cpuSecondsOf));
  const usedMs = after.reduce((all, seconds, i) => all + 1000 * (seconds - (before[i] ?? 0)), 0);
  return usedMs / CALLS / SILENT_S;
}

export async function used(
  { server, programs, callers }: Side,
  turn: Omit<Turn, "server" | "rooms"> & Partial<Pick<Turn, "rooms">>,
): Promise<Used> {
  const before = await Promise.all(programs.map(cpuSecondsOf));
  const turned = await callers.turn({ rooms: ROOMS, ...turn, server });
  const after = await Promise.all(programs.map(cpuSecondsOf));
  const cpuMs = after.map((seconds, i) => (1000 * (seconds - (before[i] ?? 0))) / turn.count);
  return { ...turned, cpuMs };
}
