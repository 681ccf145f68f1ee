/** Starts the mixer from its command line. */
import { isIP } from "node:net";
import { parseArgs } from "node:util";
import pino from "pino";
import { FlowLog } from "#sip/flow-log.ts";
import type { PortRange } from "./packet-io/packet-io.ts";
import { openMixerServer } from "./server.ts";

const USAGE = `mixer [--bind ADDRESS] [--port N] [--rtp FIRST-LAST] [--log-level LEVEL] [--flow]

  --bind ADDRESS     where to listen, for SIP and for media: one literal address (127.0.0.1)
  --port N           SIP port, UDP and TCP, 0 for any free one (5090)
  --rtp FIRST-LAST   ports for media, the even ones are used; 0 for any free ones (40000-49999)
  --log-level LEVEL  trace, debug, info, warn, error or silent (info)
  --flow             print every SIP message as one line of a call flow

SIGUSR2 writes all legs, streams and counters to the log.
`;

const OPTIONS = {
  bind: { type: "string", default: "127.0.0.1" },
  port: { type: "string", default: "5090" },
  rtp: { type: "string", default: "40000-49999" },
  "log-level": { type: "string", default: "info" },
  flow: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 0 && port <= 65_535;

function readRange(text: string): PortRange {
  const [first = Number.NaN, last = first] = text.split("-").map(Number);
  // RTP ports are even (RFC 3550 §11).
  const range = { first: first + (first % 2), last };
  if (!isPort(first) || !isPort(last) || range.first > last)
    throw new Error(`--rtp ${text} is no range of ports.`);
  return range;
}

function readOptions() {
  const { values } = parseArgs({ options: OPTIONS });
  const { bind, "log-level": level } = values;
  const port = Number(values.port);
  if (!isPort(port)) throw new Error(`--port ${values.port} is not a port.`);
  if (isIP(bind) === 0 || bind === "0.0.0.0" || bind === "::")
    throw new Error(`--bind ${bind} is not one literal address; participants must be told where to send.`);
  if (!LEVELS.includes(level)) throw new Error(`--log-level ${level} is not one of ${LEVELS.join(", ")}.`);
  return { ...values, port, level, rtp: readRange(values.rtp) };
}

/** Prints one sentence and ends with the exit code for wrong words (2) or for a failure (1). */
function fail(code: 1 | 2, cause: unknown): never {
  process.stderr.write(`mixer: ${cause instanceof Error ? cause.message.split("\n")[0] : String(cause)}\n`);
  process.exit(code);
}

function options(): ReturnType<typeof readOptions> {
  try {
    return readOptions();
  } catch (cause) {
    return fail(2, cause);
  }
}

async function main(): Promise<void> {
  const { bind, port, rtp, level, flow, help } = options();
  if (help) return void process.stdout.write(USAGE);
  const log = pino({ name: "mixer", level }, pino.destination({ dest: 2, sync: true }));
  const flowLog = new FlowLog({}, (line) => process.stderr.write(`${line}\n`));
  const trace = flow ? flowLog.trace("mixer") : undefined;
  const server = await openMixerServer({ host: bind, port, rtp, log, ...(trace && { onTrace: trace }) });
  const stop = (): void => void server.close().then(() => process.exit(0));
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.on("SIGUSR2", () => void server.dump().then((dump) => log.info({ dump }, "dump")));
  process.stdout.write(`ready ${server.address}\n`);
}

await main().catch((cause: unknown) => fail(1, cause));
