/** SIPp as a peer: it plays a scenario file to its end, or waits in the background for those who call it. */
import assert from "node:assert/strict";
import { existsSync, watch } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { freePorts } from "./ports.ts";
import { Program } from "./processes.ts";
import { until } from "./until.ts";

const HOST = "127.0.0.1";
const PATIENCE_S = 20;
const CALLS_A_SECOND = 20;
const MOST_ATTEMPTS = 4;
/** Lines shown of each of its files when a scenario went wrong: enough for one call. */
const SHOWN_LINES = 150;

/** Two for SIP, two for audio, and two for the video that it opens beside the audio whether asked for or not. */
const PORTS = 6;

export interface SippOptions {
  /** Whom it calls; a scenario that waits for calls may do without. */
  readonly target?: { readonly host: string; readonly port: number };
  /** How many calls it makes or takes before it ends; 1. */
  readonly calls?: number;
  /** Calls begun in a second; 20. */
  readonly rate?: number;
  /** One UDP socket or one TCP connection for all calls. (Debian's SIPp is built without TLS.) */
  readonly transport?: "u1" | "t1";
  /** Its own address; 127.0.0.1 and a free port. Media go two ports above. */
  readonly local?: { readonly host?: string; readonly port?: number };
  /** What `[service]` is in the scenario; the scenario's own name. */
  readonly service?: string;
  /** What `[NAME]` is in the scenario, by NAME. */
  readonly keys?: Readonly<Record<string, string>>;
  /** What it shows a password for, as `user@host:port`; where it calls, without a user. */
  readonly passwordFor?: string;
  /** After this long it gives up; 20. */
  readonly patienceS?: number;
}

/** A scenario that runs beside the test. */
export interface Playing {
  readonly host: string;
  readonly port: number;
  /** Fulfilled when every call went as written; rejects with what SIPp said when one did not. */
  readonly finished: Promise<void>;
  /** Resolves when the scenario has come to where it does `<exec command="touch MARK"/>`; rejects when it failed before. */
  marks(mark: string): Promise<void>;
  /** Ends it where it is; for a scenario whose end nobody awaits. */
  stop(): Promise<void>;
}

/**
 * Plays a scenario (the path of an XML file) to its end and rejects, with SIPp's errors and the messages it
 * saw, when a call went otherwise than written. In the background it is ready to be called when this resolves.
 */
export function plays(
  scenario: string,
  options: SippOptions & { readonly background: true },
): Promise<Playing>;
export function plays(scenario: string, options: SippOptions): Promise<undefined>;
export async function plays(
  scenario: string,
  options: SippOptions & { readonly background?: true },
): Promise<Playing | undefined> {
  const playing = await begin(scenario, options);
  if (options.background) return playing;
  await playing.finished;
  return undefined;
}

/** Ports that were free a moment ago may be somebody else's by now; then it takes others. */
async function begin(scenario: string, options: SippOptions, attempt = 1): Promise<Playing> {
  try {
    return await beginOnce(scenario, options);
  } catch (cause) {
    const taken = options.local?.port === undefined && String(cause).includes("Unable to bind");
    if (!taken || attempt === MOST_ATTEMPTS) throw cause;
    return begin(scenario, options, attempt + 1);
  }
}

async function beginOnce(scenario: string, options: SippOptions): Promise<Playing> {
  const folder = await mkdtemp(join(tmpdir(), "partyline-sipp-"));
  const host = options.local?.host ?? HOST;
  const port = options.local?.port ?? (await freePorts(PORTS));
  const listening = listens(folder);
  const args = command(scenario, { ...options, local: { host, port } });
  const program = await Program.start("sipp", { name: "sipp", args, cwd: folder });
  const finished = program.exited
    .then((code) => judge({ scenario, folder, program, code }))
    .finally(() => rm(folder, { recursive: true, force: true }));
  // Whoever awaits the end hears of it there; until then it is nobody's unhandled rejection.
  finished.catch(() => undefined);
  await Promise.race([listening, finished]);
  return {
    host,
    port,
    finished,
    async marks(mark) {
      const made = until(() => existsSync(join(folder, mark)), `${basename(scenario)} at ${mark}`);
      await Promise.race([made, finished]);
    },
    async stop() {
      await program.stop();
      await finished.catch(() => undefined);
    },
  };
}

function command(scenario: string, options: SippOptions): string[] {
  const { target, local, calls = 1, rate = CALLS_A_SECOND, transport = "u1" } = options;
  const patience = `${options.patienceS ?? PATIENCE_S}s`;
  const { host = HOST, port = 0 } = local ?? {};
  const name = basename(scenario, ".xml");
  const keys = Object.entries(options.keys ?? {}).flatMap(([key, value]) => ["-key", key, value]);
  return [
    ...(target
      ? [isIPv6(target.host) ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`]
      : []),
    ...["-sf", scenario, "-s", options.service ?? name, "-t", transport, ...keys],
    ...(options.passwordFor === undefined ? [] : ["-auth_uri", options.passwordFor]),
    ...["-i", host, "-p", String(port), "-mp", String(port + 2)],
    ...["-m", String(calls), "-r", String(rate), "-timeout", patience, "-timeout_error", "-nostdin"],
    ...["-trace_err", "-error_file", "errors", "-trace_msg", "-message_file", "messages"],
    ...["-trace_stat", "-stf", STATISTICS],
  ];
}

/** SIPp makes its file of statistics once its sockets are bound, so the file says that it listens. */
const STATISTICS = "statistics";

function listens(folder: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(folder, { persistent: false }, (_, file) => {
    if (file !== STATISTICS) return;
    watcher.close();
    resolve();
  });
  return promise;
}

interface Ended {
  readonly scenario: string;
  readonly folder: string;
  readonly program: Program;
  readonly code: number | null;
}

/** SIPp ends with 0 only when every call went as written. */
async function judge({ scenario, folder, program, code }: Ended): Promise<void> {
  if (code === 0) return;
  const errors = await lastLines(folder, "errors");
  const messages = await lastLines(folder, "messages");
  const screen = program.lines.slice(-40).join("\n");
  assert.fail(`${basename(scenario)}: sipp ended with ${code}\n${errors}\n${messages}\n${screen}`);
}

async function lastLines(folder: string, file: string): Promise<string> {
  if (!(await readdir(folder)).includes(file)) return "";
  const text = await readFile(join(folder, file), "utf8");
  return text.split("\n").slice(-SHOWN_LINES).join("\n");
}
