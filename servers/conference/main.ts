/** Starts the conference server from its command line. */

import { parseArgs } from "node:util";
import pino from "pino";
import { FlowLog } from "#sip/flow-log.ts";
import { isSipUri } from "#sip/uri.ts";
import { openConferenceServer } from "./server.ts";

const USAGE = `conference [--bind ADDRESS] [--port N] [--mixer URI] [--log-level LEVEL] [--flow]

  --bind ADDRESS     where to listen, UDP and TCP (127.0.0.1)
  --port N           SIP port, 0 for any free one (5080)
  --mixer URI        the mixer that mixes the conferences (sip:127.0.0.1:5090)
  --log-level LEVEL  trace, debug, info, warn, error or silent (info)
  --flow             print every SIP message as one line of a call flow
`;

const OPTIONS = {
  bind: { type: "string", default: "127.0.0.1" },
  port: { type: "string", default: "5080" },
  mixer: { type: "string", default: "sip:127.0.0.1:5090" },
  "log-level": { type: "string", default: "info" },
  flow: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];

function readOptions() {
  const { values } = parseArgs({ options: OPTIONS });
  const { mixer, "log-level": level } = values;
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port ${values.port} is not a port.`);
  if (!isSipUri(mixer)) throw new Error(`--mixer ${mixer} is not a SIP URI.`);
  if (!LEVELS.includes(level)) throw new Error(`--log-level ${level} is not one of ${LEVELS.join(", ")}.`);
  return { ...values, port, mixer, level };
}

/** Prints one sentence and ends with the exit code for wrong words (2) or for a failure (1). */
function fail(code: 1 | 2, cause: unknown): never {
  process.stderr.write(
    `conference: ${cause instanceof Error ? cause.message.split("\n")[0] : String(cause)}\n`,
  );
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
  const { bind, port, mixer, level, flow, help } = options();
  if (help) return void process.stdout.write(USAGE);
  const log = pino({ name: "conference", level }, pino.destination({ dest: 2, sync: true }));
  const flowLog = new FlowLog({ [mixer.replace(/^sips?:/, "")]: "mixer" }, (line) =>
    process.stderr.write(`${line}\n`),
  );
  const server = await openConferenceServer({
    host: bind,
    port,
    mixer,
    log,
    ...(flow && { onTrace: flowLog.trace("conference") }),
  });
  const stop = (): void => void server.close().then(() => process.exit(0));
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.stdout.write(`ready ${server.address}\n`);
}

await main().catch((cause: unknown) => fail(1, cause));
