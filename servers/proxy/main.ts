/** Starts the proxy from its command line. */

import { parseArgs } from "node:util";
import pino from "pino";
import { FlowLog } from "#sip/flow-log.ts";
import { parseHostPort } from "#sip/uri.ts";
import { openProxy } from "./proxy.ts";

const USAGE = `proxy [--bind ADDRESS] [--port N] [--domain NAME]... [--log-level LEVEL] [--flow]

  --bind ADDRESS     where to listen, UDP and TCP (127.0.0.1)
  --port N           SIP port, 0 for any free one (5070)
  --domain NAME      a domain whose users register here, beside the proxy's own address; may be repeated
  --log-level LEVEL  trace, debug, info, warn, error or silent (info)
  --flow             print every SIP message as one line of a call flow
`;

const OPTIONS = {
  bind: { type: "string", default: "127.0.0.1" },
  port: { type: "string", default: "5070" },
  domain: { type: "string", multiple: true, default: [] as string[] },
  "log-level": { type: "string", default: "info" },
  flow: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];

function readOptions() {
  const { values } = parseArgs({ options: OPTIONS });
  const { domain, "log-level": level } = values;
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port ${values.port} is not a port.`);
  const wrong = domain.find((name) => parseHostPort(name)?.port !== undefined || !parseHostPort(name));
  if (wrong !== undefined) throw new Error(`--domain ${wrong} is not a host name.`);
  if (!LEVELS.includes(level)) throw new Error(`--log-level ${level} is not one of ${LEVELS.join(", ")}.`);
  return { ...values, port, level, names: domain.map((name) => name.toLowerCase()) };
}

/** Prints one sentence and ends with the exit code for wrong words (2) or for a failure (1). */
function fail(code: 1 | 2, cause: unknown): never {
  process.stderr.write(`proxy: ${cause instanceof Error ? cause.message.split("\n")[0] : String(cause)}\n`);
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
  const { bind, port, names, level, flow, help } = options();
  if (help) return void process.stdout.write(USAGE);
  const log = pino({ name: "proxy", level }, pino.destination({ dest: 2, sync: true }));
  const flowLog = new FlowLog({}, (line) => process.stderr.write(`${line}\n`));
  const server = await openProxy({
    host: bind,
    port,
    names,
    onError: (err) => log.error({ err }, "proxy failed on a message"),
    ...(flow && { onTrace: flowLog.trace("proxy") }),
  });
  const stop = (): void => void server.close().then(() => process.exit(0));
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.stdout.write(`ready ${server.address}\n`);
}

await main().catch((cause: unknown) => fail(1, cause));
