/** Runs servers as processes of their own: tells each its ports, passes on what they say, ends them together. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { dataDir } from "../environment.ts";
import { CommandError, type Input, type Options, print } from "./command.ts";
import { portsFrom } from "./ports.ts";

export type ServerName = "proxy" | "conference" | "mixer" | "janus" | "web";

/** Options of a server beside the common ones; each is passed on as it is. */
export const SERVER_OPTIONS: Options = {
  port: { type: "string", value: "N", help: "where it listens, 0 for any free port" },
  flow: { type: "boolean", help: "print every SIP message as one line of a call flow" },
  pcap: { type: "string", value: "FILE", help: "write every SIP message to a capture for Wireshark" },
};

/** Figures of one server; of several each would want a port of its own. */
export const METRICS_OPTION: Options = {
  "metrics-port": {
    type: "string",
    value: "N",
    help: "figures for Prometheus at http://127.0.0.1:N/metrics",
  },
};

/** What mixes is told where and how. */
export const MEDIA_OPTIONS: Options = {
  rtp: { type: "string", value: "FIRST-LAST", help: "ports for media" },
  codecs: {
    type: "string",
    value: "LIST",
    help: "PCMU,PCMA or one of them, best first; else the caller's order",
  },
};

/** The control API of the conference server. */
export const CONTROL_OPTIONS: Options = {
  "control-token": {
    type: "string",
    value: "FILE",
    help: "its first line lets its bearer rule conferences by HTTP; made when missing (control-token in the data directory)",
  },
  "control-port": {
    type: "string",
    value: "N",
    help: "where that is: the port after the conference server's",
  },
  "control-bind": { type: "string", value: "ADDRESS", help: "on which address (127.0.0.1)" },
};

/** Transports beside UDP and TCP, passed on as they are. */
export const TRANSPORT_OPTIONS: Options = {
  certificate: { type: "string", value: "FILE", help: "our certificate (PEM): then it listens for TLS, too" },
  key: { type: "string", value: "FILE", help: "the key of the certificate (PEM)" },
  "tls-port": { type: "string", value: "N", help: "port for TLS; the one after --port when missing" },
  ca: { type: "string", value: "FILE", help: "authorities (PEM) trusted beside the system's" },
  "ws-port": { type: "string", value: "N", help: "takes SIP over WebSocket there" },
  "wss-port": { type: "string", value: "N", help: "takes SIP over secure WebSocket there" },
  origin: {
    type: "string",
    multiple: true,
    value: "URL",
    help: "pages of this origin may speak SIP by WebSocket; may be repeated",
  },
  "name-server": {
    type: "string",
    multiple: true,
    value: "IP",
    help: "who is asked where a domain is, IP or IP:PORT; may be repeated",
  },
};

/** How long servers get to say goodbye. */
const FAREWELL_MS = 5_000;

/** The arguments of a server's main.ts. */
export function serverArguments(name: ServerName, input: Input): string[] {
  const bind = input.text("bind") ?? "127.0.0.1";
  const ports = portsFrom(input.text("port-base"));
  const rtp = `${ports.rtp.first}-${ports.rtp.last}`;
  const own: Readonly<Record<ServerName, readonly string[]>> = {
    proxy: proxyArguments(input),
    conference: [
      ...mixing(input, `sip:${bind}:${ports.mixer}`, rtp),
      ...eachPassedOn(input, ["moderator", "trusted-proxy"]),
      ...passedOn(input, ["users", "outbound-proxy", "credentials", "factory", "state", "session"]),
      ...passedOn(input, ["join-rate", "join-rate-all"]),
      ...controlling(input, ports.control),
    ],
    mixer: mixerArguments(input, rtp),
    janus: janusArguments(input, rtp),
    web: ["--conference", input.text("conference") ?? `${bind}:${ports.conference}`],
  };
  return [
    ...["--bind", bind, "--port", input.text("port") ?? String(ports[name])],
    ...own[name],
    ...(name === "proxy" || name === "conference" ? transportArguments(input) : []),
    ...(name === "web" ? [] : logArguments(input)),
  ];
}

/** One that mixes by itself does it on the ports that the mixer would have. */
function mixing(input: Input, usual: string, range: string): string[] {
  const named = input.list("mixer");
  const mixers = named.length === 0 ? ["--mixer", usual] : eachPassedOn(input, ["mixer"]);
  const media = named.includes("own") ? mixerArguments(input, range) : passedOn(input, ["rtp", "codecs"]);
  return [...mixers, ...media];
}

/** Options as they were said. */
function passedOn(input: Input, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const text = input.text(name);
    return text === undefined ? [] : [`--${name}`, text];
  });
}

/** The same of options that may be repeated. */
function eachPassedOn(input: Input, names: readonly string[]): string[] {
  return names.flatMap((name) => input.list(name).flatMap((one) => [`--${name}`, one]));
}

/** The control API is always there: its page is how somebody sees what the server does. */
function controlling(input: Input, usual: number): string[] {
  const token = input.text("control-token") ?? join(input.text("data-dir") ?? dataDir(), "control-token");
  const moved = input.text("port") === undefined ? String(usual) : undefined;
  const port = input.text("control-port") ?? moved;
  return [
    ...["--control-token", token],
    ...(port === undefined ? [] : ["--control-port", port]),
    ...passedOn(input, ["control-bind"]),
  ];
}

function proxyArguments(input: Input): string[] {
  const redirects = input.flag("follow-redirects") ? ["--follow-redirects"] : [];
  return [...eachPassedOn(input, ["domain"]), ...redirects, ...passedOn(input, ["users"])];
}

function transportArguments(input: Input): string[] {
  const texts = passedOn(input, ["certificate", "key", "tls-port", "ca", "ws-port", "wss-port"]);
  return [...texts, ...eachPassedOn(input, ["origin", "name-server"])];
}

function mixerArguments(input: Input, range: string): string[] {
  return ["--rtp", input.text("rtp") ?? range, ...passedOn(input, ["codecs"])];
}

function janusArguments(input: Input, range: string): string[] {
  return ["--rtp", input.text("rtp") ?? range, ...passedOn(input, ["janus", "inside", "api-secret"])];
}

/** What the SIP servers log; the demo site logs nothing. */
function logArguments(input: Input): string[] {
  return [
    ...passedOn(input, ["metrics-port", "log-level", "pcap"]),
    ...(input.flag("flow") ? ["--flow"] : []),
  ];
}

/** Runs them until they are told to end (SIGINT, SIGTERM); one that ends by itself ends all. Resolves with the exit code. */
export async function runServers(names: readonly ServerName[], input: Input): Promise<number> {
  const pcap = input.text("pcap");
  // Each server goes on where the capture ends; the one of an earlier run is not meant.
  if (pcap !== undefined) await rm(pcap, { force: true });
  const children = new Map<ServerName, ChildProcess>();
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  for (const name of names) children.set(name, start(name, serverArguments(name, input)));
  const label = names.length > 1;
  void announce(children, label, stopping.signal);
  const [ended] = await Promise.race([
    Promise.race([...children].map(async ([name, child]) => [name, await once(child, "exit")] as const)),
    once(stopping.signal, "abort").then(() => [undefined] as const),
  ]);
  stopping.abort();
  await endAll([...children.values()]);
  if (ended === undefined) return 0;
  const code = children.get(ended)?.exitCode;
  if (names.length === 1) return code ?? 1;
  throw new CommandError(`The ${ended} server ended by itself (exit code ${code}); what it said is above.`);
}

function start(name: ServerName, args: readonly string[]): ChildProcess {
  const main = fileURLToPath(new URL(`../../../servers/${name}/main.ts`, import.meta.url));
  return spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Prints what the servers say on stdout, and `ready` once all have said so. */
async function announce(
  children: ReadonlyMap<ServerName, ChildProcess>,
  label: boolean,
  signal: AbortSignal,
): Promise<void> {
  const ready = [...children].map(async ([name, child]) => {
    if (!child.stdout) return;
    const lines = createInterface({ input: child.stdout });
    const first = once(lines, "line", { signal });
    lines.on("line", (line: string) => print(label ? `${name} ${line}` : line));
    await first;
  });
  try {
    await Promise.all(ready);
    if (label) print("ready");
  } catch {
    // Aborted: one ended before it was ready, and runServers says so.
  }
}

async function endAll(children: readonly ChildProcess[]): Promise<void> {
  const alive = children.filter((child) => child.exitCode === null && child.signalCode === null);
  const exits = alive.map((child) => once(child, "exit"));
  for (const child of alive) child.kill("SIGTERM");
  const late = setTimeout(() => {
    for (const child of alive) child.kill("SIGKILL");
  }, FAREWELL_MS);
  await Promise.all(exits);
  late.close();
}
