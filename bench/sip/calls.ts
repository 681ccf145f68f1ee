/** Calls at a fixed rate, placed by SIPp, and what each costs the server. */
import { join } from "node:path";
import { freePorts } from "../../test/support/ports.ts";
import { runToEnd } from "../../test/support/processes.ts";
import { cpuSecondsOf, HOST, type SipServer } from "./servers.ts";

export interface Load {
  readonly perSecond: number;
  readonly calls: number;
}

/** Who answers behind a proxy. */
export interface Callee {
  readonly address: string;
  readonly port: number;
}

const PATIENCE_S = 120;

/** Places the calls and waits for the last; throws when one of them failed. */
export async function call(server: SipServer, load: Load, callee?: Callee): Promise<void> {
  const own = await freePorts(4);
  const target = callee
    ? ["-rsa", `${HOST}:${server.port}`, `${callee.address}:${callee.port}`]
    : [`${HOST}:${server.port}`];
  const local = ["-i", HOST, "-p", String(own), "-mp", String(own + 2)];
  const extent = ["-r", String(load.perSecond), "-m", String(load.calls), "-l", String(load.perSecond)];
  const { code, lines } = await runToEnd("sipp", {
    name: "sipp",
    args: [
      ...["-sf", join(import.meta.dirname, "caller.xml"), "-s", "bob"],
      ...local,
      ...extent,
      ...["-timeout", `${PATIENCE_S}s`, "-timeout_error", "-nostdin"],
      ...target,
    ],
  });
  if (code !== 0) throw new Error(`sipp ended with ${code}:\n${lines.slice(-60).join("\n")}`);
}

/** Microseconds of the server's CPU per call. */
export async function costOf(server: SipServer, load: Load, callee?: Callee): Promise<number> {
  const before = await cpuSecondsOf(server.program);
  await call(server, load, callee);
  return ((await cpuSecondsOf(server.program)) - before) * (1e6 / load.calls);
}
