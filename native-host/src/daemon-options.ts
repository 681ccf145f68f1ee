/** The words the service is started with. */

import { isIP } from "node:net";
import { parseArgs } from "node:util";
import { configFile, dataDir, runtimeDir } from "./environment.ts";

export const USAGE = `partyline service [--config FILE] [--runtime-dir DIR] [--data-dir DIR] [--bind ADDRESS] [--sip-port N]
                  [--conference-port N] [--log-level LEVEL] [--flow] [--idle-exit]

  --config FILE      the configuration, JSON (see docs/devices.md)
  --runtime-dir DIR  where the API socket is
  --data-dir DIR     what outlives a restart: remembered choices
  --bind ADDRESS     one address of this machine, for SIP and media (127.0.0.1)
  --sip-port N       SIP port, UDP and TCP, the next free one if taken; 0 for any (5060)
  --conference-port N  of the conference server here, for invitations (5080)
  --log-level LEVEL  trace, debug, info, warn, error or silent (info)
  --flow             print every SIP message as one line of a call flow
  --idle-exit        end after 30 s without client and call
`;

const OPTIONS = {
  config: { type: "string" },
  "runtime-dir": { type: "string" },
  "data-dir": { type: "string" },
  bind: { type: "string" },
  "sip-port": { type: "string" },
  "conference-port": { type: "string" },
  "log-level": { type: "string", default: "info" },
  flow: { type: "boolean", default: false },
  "idle-exit": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];

export interface DaemonOptions {
  readonly config: string;
  readonly runtimeDir: string;
  readonly dataDir: string;
  readonly bind: string | undefined;
  readonly sipPort: number | undefined;
  readonly conferencePort: number | undefined;
  readonly logLevel: string;
  readonly flow: boolean;
  readonly idleExit: boolean;
  readonly help: boolean;
}

/** Throws an Error whose message is one sentence for the user. */
export function readDaemonOptions(args: readonly string[]): DaemonOptions {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const { bind, "sip-port": port, "log-level": logLevel } = values;
  const sipPort = readPort("--sip-port", port);
  const conferencePort = readPort("--conference-port", values["conference-port"]);
  if (bind !== undefined && !isOneAddress(bind)) {
    throw new TypeError(`--bind ${bind} is not one address; phones must be told where to send their audio.`);
  }
  if (!LEVELS.includes(logLevel)) {
    throw new TypeError(`--log-level ${logLevel} is not one of ${LEVELS.join(", ")}.`);
  }
  return {
    config: values.config ?? configFile(),
    runtimeDir: values["runtime-dir"] ?? runtimeDir(),
    dataDir: values["data-dir"] ?? dataDir(),
    bind,
    sipPort,
    conferencePort,
    logLevel,
    flow: values.flow,
    idleExit: values["idle-exit"],
    help: values.help,
  };
}

function readPort(option: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const port = Number(given);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new TypeError(`${option} ${given} is not a port.`);
  return port;
}

function isOneAddress(bind: string): boolean {
  return isIP(bind) !== 0 && bind !== "0.0.0.0" && bind !== "::";
}
