/** What every server does as a process: read its words, start, say `ready`, and end on SIGTERM with a goodbye. */

import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import pino, { type Logger } from "pino";
import { FlowLog } from "#sip/flow-log.ts";
import type { UserAgentOptions } from "#sip/user-agent.ts";

type Trace = UserAgentOptions["onTrace"];

/** The options all SIP servers have, as parseArgs takes them; `port` has each server's own default. */
export function commonOptions(port: number) {
  return {
    bind: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: String(port) },
    "log-level": { type: "string", default: "info" },
    flow: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  } as const;
}

export const COMMON_USAGE = `  --log-level LEVEL  trace, debug, info, warn, error or silent (info)
  --flow             print every SIP message as one line of a call flow
`;

const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];

/** What runs, once it listens. */
export interface Running {
  readonly address: string;
  close(): Promise<void>;
}

/** What a server is handed to start with. */
export interface Surroundings {
  readonly log: Logger;
  /** Prints the call flow as this server sees it; `peers` names addresses, as FlowLog takes them. */
  trace(peers?: Readonly<Record<string, string>>): { readonly onTrace?: Exclude<Trace, undefined> };
}

export interface ServerProcess<Options extends ParseArgsOptionsConfig, Settings> {
  readonly name: string;
  readonly usage: string;
  readonly options: Options;
  /** Throws an Error whose message is one sentence about what is wrong with the words. */
  read(values: Values<Options>): Settings;
  open(settings: Settings, surroundings: Surroundings): Promise<Running>;
}

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: Options }>
>["values"];

/** Runs until SIGTERM or SIGINT. Exit codes: 0 ended as asked, 1 could not start, 2 the words were off. */
export async function runServer<Options extends ParseArgsOptionsConfig, Settings>(
  server: ServerProcess<Options, Settings>,
): Promise<void> {
  const { name } = server;
  const words = readWords(server);
  if (words === undefined) return void process.stdout.write(server.usage);
  try {
    const { settings, level, flow } = words;
    const log = pino({ name, level }, pino.destination({ dest: 2, sync: true }));
    const trace = (peers = {}) => (flow ? { onTrace: flowTo(peers, name) } : {});
    const running = await server.open(settings, { log, trace });
    endOnSignal(running);
    process.stdout.write(`ready ${running.address}\n`);
  } catch (cause) {
    fail(name, 1, cause);
  }
}

/** A port number of the command line, 0 to 65535; throws a sentence. */
export function readPort(text: unknown): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port ${text} is not a port.`);
  return port;
}

function readWords<Options extends ParseArgsOptionsConfig, Settings>(
  server: ServerProcess<Options, Settings>,
) {
  try {
    const { values } = parseArgs({ options: server.options });
    const {
      help,
      flow,
      "log-level": level = "info",
    } = values as Record<string, string | boolean | undefined>;
    if (help) return undefined;
    if (!LEVELS.includes(String(level)))
      throw new Error(`--log-level ${level} is not one of ${LEVELS.join(", ")}.`);
    return { settings: server.read(values as Values<Options>), level: String(level), flow: flow === true };
  } catch (cause) {
    return fail(server.name, 2, cause);
  }
}

function flowTo(peers: Readonly<Record<string, string>>, self: string): Exclude<Trace, undefined> {
  const flowLog = new FlowLog({ ...peers }, (line) => process.stderr.write(`${line}\n`));
  return flowLog.trace(self);
}

function endOnSignal(running: Running): void {
  const stop = () =>
    void running.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

function fail(name: string, code: 1 | 2, cause: unknown): never {
  const sentence = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
  process.stderr.write(`${name}: ${sentence}\n`);
  process.exit(code);
}
