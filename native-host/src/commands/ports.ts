/** Every port Partyline listens on unless told otherwise. */
import { UsageError } from "./command.ts";

export interface Ports {
  readonly service: number;
  readonly proxy: number;
  readonly conference: number;
  /** HTTP, of the conference server. */
  readonly control: number;
  readonly mixer: number;
  readonly janus: number;
  readonly web: number;
  readonly rtp: { readonly first: number; readonly last: number };
}

const DEFAULTS: Ports = {
  service: 5060,
  proxy: 5070,
  conference: 5080,
  control: 5081,
  mixer: 5090,
  janus: 5091,
  web: 8080,
  rtp: { first: 40_000, last: 49_999 },
};

const LAST_PORT = 65_535;
/** Room for media above the base, even at its highest. */
const HIGHEST_BASE = 64_000;

/** The default ports, or all of them moved to `--port-base N`. Throws UsageError. */
export function portsFrom(base: string | undefined): Ports {
  if (base === undefined) return DEFAULTS;
  const first = Number(base);
  if (!/^[0-9]+$/.test(base) || first < 1024 || first > HIGHEST_BASE) {
    throw new UsageError(`--port-base ${base} is not a number from 1024 to ${HIGHEST_BASE}.`);
  }
  return {
    service: first,
    proxy: first + 10,
    conference: first + 20,
    control: first + 21,
    mixer: first + 30,
    janus: first + 31,
    web: first + 40,
    rtp: { first: first + 1000, last: Math.min(first + 1999, LAST_PORT) },
  };
}
