/** What every server does as a process: read its words, start, say `ready`, and end on SIGTERM with a goodbye. */

import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import pino, { type Logger } from "pino";
import { keepHeapSmall } from "#sip/small-heap.ts";
import type { Ports } from "#sip/stack.ts";
import { Metrics } from "./metrics.ts";
import { serveMetrics } from "./metrics-server.ts";
import { redacting } from "./redaction.ts";
import { Tracing } from "./tracing.ts";

/** The options all SIP servers have, as parseArgs takes them; `port` has each server's own default. */
export function commonOptions(port: number) {
  return {
    bind: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: String(port) },
    "log-level": { type: "string", default: "info" },
    flow: { type: "boolean", default: false },
    pcap: { type: "string" },
    "metrics-port": { type: "string" },
    help: { type: "boolean", default: false },
  } as const;
}

export const COMMON_USAGE = `  --log-level LEVEL  trace, debug, info, warn, error or silent (info)
  --flow             print every SIP message as one line of a call flow
  --pcap FILE        write every SIP message to a capture that Wireshark opens
  --metrics-port N   figures for Prometheus at http://127.0.0.1:N/metrics
`;

const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];

/** What runs, once it listens. */
export interface Running {
  readonly address: string;
  /** Of the listeners beside UDP and TCP. */
  readonly ports?: Ports;
  close(): Promise<void>;
}

/** What a server is handed to start with. */
export interface Surroundings {
  readonly log: Logger;
  /** Shows the call flow as this server sees it; `peers` names addresses, as FlowLog takes them. */
  readonly trace: Tracing["trace"];
  /** For Prometheus; undefined when nobody asks for them. */
  readonly metrics: Metrics | undefined;
  /** Ends the process as SIGTERM does. */
  end(): void;
}

export interface ServerProcess<Options extends ParseArgsOptionsConfig, Settings> {
  readonly name: string;
  readonly usage: string;
  readonly options: Options;
  /** Throws an Error whose message is one sentence about what is wrong with the words. */
  read(values: Values<Options>): Settings;
  /** Whether it shows its metrics by itself. */
  measured?(settings: Settings): boolean;
  open(settings: Settings, surroundings: Surroundings): Promise<Running>;
}

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: Options }>
>["values"];

/** Runs until SIGTERM or SIGINT. Exit codes: 0 ended as asked, 1 could not start, 2 the words were off. */
export async function runServer<Options extends ParseArgsOptionsConfig, Settings>(
  server: ServerProcess<Options, Settings>,
): Promise<void> {
  keepHeapSmall();
  const { name } = server;
  const words = readWords(server);
  if (words === undefined) return void process.stdout.write(server.usage);
  try {
    const { settings, level, flow, pcap, metricsPort } = words;
    const log = pino({ name, level }, redacting(pino.destination({ dest: 2, sync: true })));
    const measured = metricsPort !== undefined || server.measured?.(settings) === true;
    const metrics = measured ? new Metrics(name) : undefined;
    const tracing = new Tracing({ name, flow, pcap, metrics });
    const ending = new AbortController();
    const running = await server.open(settings, {
      log,
      metrics,
      trace: (peers) => tracing.trace(peers),
      end: () => ending.abort(),
    });
    tracing.listening(running.address);
    endOnSignal(running, ending.signal);
    process.stdout.write(`ready ${running.address}\n`);
    for (const [name, port] of Object.entries(running.ports ?? {})) log.info(`${name} on port ${port}`);
    if (metrics && metricsPort !== undefined)
      log.info(`metrics at ${(await serveMetrics(metrics, metricsPort)).address}`);
  } catch (cause) {
    fail(name, 1, cause);
  }
}

/** A port number of the command line, 0 to 65535; throws a sentence. */
export function readPort(text: unknown, name = "port"): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--${name} ${text} is not a port.`);
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
      pcap,
      "log-level": level = "info",
      "metrics-port": metricsPort,
    } = values as Record<string, string | boolean | undefined>;
    if (help) return undefined;
    if (!LEVELS.includes(String(level)))
      throw new Error(`--log-level ${level} is not one of ${LEVELS.join(", ")}.`);
    const capture = typeof pcap === "string" ? pcap : undefined;
    const settings = server.read(values as Values<Options>);
    const metrics = metricsPort === undefined ? undefined : readPort(metricsPort, "metrics-port");
    return { settings, level: String(level), flow: flow === true, pcap: capture, metricsPort: metrics };
  } catch (cause) {
    return fail(server.name, 2, cause);
  }
}

function endOnSignal(running: Running, ending: AbortSignal): void {
  const stop = () =>
    void running.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  ending.addEventListener("abort", stop, { once: true });
}

function fail(name: string, code: 1 | 2, cause: unknown): never {
  const sentence = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
  process.stderr.write(`${name}: ${sentence}\n`);
  process.exit(code);
}
