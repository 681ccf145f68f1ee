/** Where the control API is, from the command line of the conference server. */

import { readPort } from "../../process.ts";

/** As parseArgs takes them. */
export const CONTROL_OPTIONS = {
  "control-token": { type: "string" },
  "control-port": { type: "string" },
  "control-bind": { type: "string" },
} as const;

export const CONTROL_USAGE = `  --control-token FILE  takes orders by HTTP from whoever shows this file's first line; made when it is not there
  --control-port N   where that is (the port after --port, or any free one with --port 0)
  --control-bind ADDRESS  on which address (127.0.0.1)
`;

interface Values {
  readonly "control-token"?: string | undefined;
  readonly "control-port"?: string | undefined;
  readonly "control-bind"?: string | undefined;
}

export interface ControlSettings {
  readonly host: string;
  readonly port: number;
  /** The file of the token. */
  readonly file: string;
}

/** Undefined when there is to be none. Throws an Error of one sentence about what is wrong with the words. */
export function readControlOptions(values: Values, sipPort: number): ControlSettings | undefined {
  const { "control-token": file, "control-port": port, "control-bind": host = "127.0.0.1" } = values;
  if (file === undefined) {
    const lost = (["control-port", "control-bind"] as const).find((name) => values[name] !== undefined);
    if (lost !== undefined) throw new Error(`--${lost} needs --control-token.`);
    return undefined;
  }
  const next = sipPort === 0 || sipPort === 65_535 ? 0 : sipPort + 1;
  return { host, port: port === undefined ? next : readPort(port, "control-port"), file };
}
