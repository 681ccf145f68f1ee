/** The programs the sip benchmark calls: ours, sipp, Kamailio and a bare npm `sip`, each listening on a port of 127.0.0.1. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePorts } from "../../test/support/ports.ts";
import { Program, startScript } from "../../test/support/processes.ts";
import { startProxy } from "../../test/support/servers.ts";
import { REFERENCES } from "./references.ts";

export const HOST = "127.0.0.1";
const HERE = import.meta.dirname;
/** Debian's default memory manager makes Kamailio four times slower than this one. */
const KAMAILIO_MEMORY = ["-x", "tlsf", "-X", "tlsf", "-m", "256"];

export interface SipServer {
  readonly port: number;
  readonly program: Program;
}

const started = new Set<Program>();

function listening(program: Program, port: number): SipServer {
  started.add(program);
  return { port, program };
}

/** Ends all that were started here. */
export async function stopServers(): Promise<void> {
  await Promise.all([...started].map((program) => program.stop()));
  started.clear();
}

/** A real UserAgent that accepts each call with a session description. */
export async function startAgent(flags: readonly string[] = [], t1Ms = 500): Promise<SipServer> {
  const program = await Program.start(process.execPath, {
    name: "user agent",
    args: [...flags, join(HERE, "agent.ts"), "0", String(t1Ms)],
    ready: /^ready /,
  });
  const [, port] = await program.says(/^ready \S+:(\d+)$/);
  return listening(program, Number(port));
}

/** servers/proxy as a user starts it. */
export async function startOurProxy(): Promise<SipServer> {
  const { port, program } = await startProxy({ args: ["--log-level", "error"] });
  return listening(program, port);
}

/** SIPp as UAS; also whom the proxies call. */
export async function startSipp(address = HOST): Promise<SipServer> {
  const port = await freePorts(4);
  const args = ["-sf", join(HERE, "callee.xml"), "-i", address, "-p", String(port), "-mp", String(port + 2)];
  const program = await Program.start("sipp", { name: "sipp", args: [...args, "-nostdin"] });
  return listening(program, port);
}

/** Kamailio with a configuration of this folder, one worker. */
export async function startKamailio(configuration: "stateless" | "proxy"): Promise<SipServer> {
  const port = await freePorts();
  const program = await Program.start("kamailio", {
    name: "kamailio",
    args: [
      "-DD",
      "-E",
      ...KAMAILIO_MEMORY,
      "-f",
      join(HERE, `${configuration}.cfg`),
      "-l",
      `udp:${HOST}:${port}`,
    ],
  });
  return listening(program, port);
}

/** npm `sip` as its readme says, answering 200. */
export async function startBareSip(): Promise<SipServer> {
  const port = await freePorts();
  const program = await startScript(join(REFERENCES, "bare-uas.mjs"), {
    name: "bare sip",
    args: [String(port)],
  });
  return { port, program };
}

/** Clock ticks of /proc on Linux. */
const TICKS_PER_SECOND = 100;

/** CPU seconds of a program and its children so far, all threads; `Program` gives each a process group of its own. */
export async function cpuSecondsOf({ pid }: Program): Promise<number> {
  let ticks = 0;
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = await statOf(entry);
    if (Number(fields[GROUP]) === pid) ticks += Number(fields[USER]) + Number(fields[SYSTEM]);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Fields of /proc/PID/stat, counted after the program's name. */
const [GROUP, USER, SYSTEM] = [2, 11, 12];

async function statOf(pid: string): Promise<string[]> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    // It ended while we looked.
    return [];
  }
}
