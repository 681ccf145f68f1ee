/** Composition root of the SIP service: builds every object once, wires them, and says goodbye at the end. */

import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Logger, pino } from "pino";
import packageJson from "../../package.json" with { type: "json" };
import { type Listener, openListener } from "./api/listener.ts";
import { type Config, loadConfig } from "./config.ts";
import { readIncoming } from "./config-incoming.ts";
import { openAccounts, warnOfPasswords } from "./daemon-accounts.ts";
import { apiPorts } from "./daemon-api.ts";
import { conferencesOf } from "./daemon-conferences.ts";
import { announcerOf, notifier, openDesktop } from "./daemon-desktop.ts";
import { type DaemonOptions, readDaemonOptions, USAGE } from "./daemon-options.ts";
import { openPlugins, startActions } from "./daemon-reactions.ts";
import { configuredDevices } from "./devices/configured.ts";
import { NumberPlan } from "./devices/number-plan.ts";
import { untilReachable } from "./devices/reachable.ts";
import { childEnvironment } from "./environment.ts";
import type { Announcer } from "./service/announcer.ts";
import { Choices } from "./service/choices.ts";
import { DoNotDisturb } from "./service/do-not-disturb.ts";
import type { Reception } from "./service/incoming.ts";
import { MissedCalls } from "./service/missed-calls.ts";
import { SipService } from "./service/sip-service.ts";
import { FlowLog } from "./sip/flow-log.ts";
import type { IncomingRefer } from "./sip/incoming-refer.ts";
import type { IncomingInvite } from "./sip/leg.ts";
import type { SipUri } from "./sip/message.ts";
import { keepHeapSmall } from "./sip/small-heap.ts";
import { Watch } from "./sip/trace.ts";
import { bracketed } from "./sip/uri.ts";
import { UserAgent, type UserAgentOptions } from "./sip/user-agent.ts";
import type { Granted } from "./tunnel/tunnels.ts";

const SIP_PORT = 5060;
/** How many ports after a taken one are tried. */
const PORT_TRIES = 20;
const GOODBYE_WITHIN_MS = 4000;
const IDLE_EXIT_MS = 30_000;
const IDLE_CHECK_MS = 1000;

const NAME = `partyline/${packageJson.version}`;

/** Runs until a signal; sets the exit code. */
export async function runDaemon(args: readonly string[]): Promise<void> {
  keepHeapSmall();
  const options = readOptions(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  const log = pino({ name: "service", level: options.logLevel }, pino.destination({ dest: 2, sync: true }));
  // Nothing a peer sends may end the calls of this user (promise B1): a mistake of ours costs one request at most.
  process.on("uncaughtException", (err) => log.error({ err }, "a mistake of ours was caught"));
  try {
    const daemon = await Daemon.start(options, log);
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void daemon.stop());
    if (process.platform !== "win32") process.on("SIGUSR2", () => daemon.tellCounters());
    if (options.idleExit) daemon.stopWhenIdle();
    process.stdout.write(`ready ${daemon.path}\n`);
  } catch (cause) {
    fail(1, cause);
  }
}

function readOptions(args: readonly string[]): DaemonOptions {
  try {
    return readDaemonOptions(args);
  } catch (cause) {
    return fail(2, cause);
  }
}

function fail(code: 1 | 2, cause: unknown): never {
  process.stderr.write(`service: ${cause instanceof Error ? cause.message.split("\n")[0] : String(cause)}\n`);
  process.exit(code);
}

class Daemon {
  readonly #agent: UserAgent;
  readonly #service: SipService;
  readonly #listener: Listener;
  readonly #log: Logger;
  #stopping = false;

  private constructor(
    agent: UserAgent,
    service: SipService,
    { listener, log }: { listener: Listener; log: Logger },
  ) {
    this.#agent = agent;
    this.#service = service;
    this.#listener = listener;
    this.#log = log;
  }

  static async start(options: DaemonOptions, log: Logger): Promise<Daemon> {
    const config = await loadConfig(options.config);
    const host = options.bind ?? config.sip.bind ?? "127.0.0.1";
    const identity = identityOf(config, host);
    const watch = new Watch();
    const door = new Door();
    const agent = await openAgent(config, { options, log, identity, watch, host, door });
    try {
      const plugins = await openPlugins(config, log);
      const service = await buildService(agent, config, { options, log, identity, watch, plugins });
      door.opens(service);
      startActions(config, { service, plugins, log, notify: notifier(log) });
      openDesktop(service, log);
      const directory = options.runtimeDir;
      const ports = await apiPorts(config.api ?? {}, options.config);
      const listener = await openListener({ directory, service, name: NAME, log, ...ports });
      if (listener.tcpPort !== undefined) log.info(`API on 127.0.0.1:${listener.tcpPort}`);
      if (listener.webSocketPort !== undefined) log.info(`API on ws://127.0.0.1:${listener.webSocketPort}`);
      return new Daemon(agent, service, { listener, log });
    } catch (cause) {
      await agent.close();
      throw cause;
    }
  }

  /** Where the API listens. */
  get path(): string {
    return this.#listener.path;
  }

  /** Ends every call and subscription, tells every client, and exits. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#log.info("shutting down");
    const goodbye = Promise.allSettled([this.#listener.close(), this.#service.close()]);
    await Promise.race([goodbye.then(() => this.#agent.close()), delay(GOODBYE_WITHIN_MS)]);
    process.exit(0);
  }

  /** Every call and its media in numbers, to the log. */
  tellCounters(): void {
    this.#log.info({ calls: this.#service.dump() }, "counters");
  }

  stopWhenIdle(): void {
    let usedAt = performance.now();
    setInterval(() => {
      const used = this.#listener.clients > 0 || this.#service.calls().length > 0;
      if (used) usedAt = performance.now();
      if (performance.now() - usedAt >= IDLE_EXIT_MS) void this.stop();
    }, IDLE_CHECK_MS).unref();
  }
}

/** Where callers wait until there is a service to take them. */
class Door {
  #service: SipService | undefined;

  opens(service: SipService): void {
    this.#service = service;
  }

  receive(invite: IncomingInvite): void {
    if (this.#service) this.#service.receive(invite);
    else invite.reject(503);
  }

  referred(refer: IncomingRefer): void {
    if (this.#service) this.#service.referred(refer);
    else refer.reject(503);
  }

  inviteStatus(target: SipUri): number {
    return this.#service?.inviteStatus(target) ?? 503;
  }
}

interface Context {
  readonly options: DaemonOptions;
  readonly log: Logger;
  readonly identity: Identity;
  readonly watch: Watch;
}

interface Identity {
  readonly name: string;
  readonly uri: SipUri;
}

/** Without an address of the user's own, one that is nobody else's: two services may share this machine. */
function identityOf({ identity }: Config, host: string): Identity {
  const user = identity.name?.toLowerCase().replace(/[^a-z0-9]+/g, "") || "user";
  const ours: SipUri = `sip:${user}-${randomBytes(3).toString("hex")}@${bracketed(host)}`;
  return { name: identity.name ?? userInfo().username, uri: identity.uri ?? ours };
}

/** Opens the sockets; the host is one literal address, for media too. */
async function openAgent(
  config: Config,
  { options, log, identity, watch, host, door }: Context & { readonly host: string; readonly door: Door },
): Promise<UserAgent> {
  const flow = new FlowLog({}, (line) => process.stderr.write(`${line}\n`)).trace("service");
  const both: typeof flow = (...message) => {
    watch.trace(...message);
    if (options.flow) flow(...message);
  };
  const wanted = options.sipPort ?? config.sip.port ?? SIP_PORT;
  const { outboundProxy, tls, ca, dnsServers } = config.sip;
  const agent = await openOnFreePort(wanted, {
    host,
    name: NAME,
    identity,
    ...(outboundProxy && { outboundProxy }),
    ...(tls && { tls }),
    ...(ca !== undefined && { ca }),
    ...(dnsServers && { dns: { servers: dnsServers } }),
    onTrace: both,
    onInvite: (invite) => door.receive(invite),
    onRefer: (refer) => door.referred(refer),
    inviteStatus: (target) => door.inviteStatus(target),
  });
  if (wanted !== 0 && agent.port !== wanted) log.warn(`SIP port ${wanted} is taken; using ${agent.port}`);
  else log.info(`SIP on ${agent.address}`);
  watch.local = { address: agent.host, port: agent.port };
  return agent;
}

async function openOnFreePort(wanted: number, options: Omit<UserAgentOptions, "port">): Promise<UserAgent> {
  for (let port = wanted; ; port += 1) {
    try {
      return await UserAgent.open({ ...options, port });
    } catch (cause) {
      const taken = cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
      if (!taken || port >= Math.min(wanted + PORT_TRIES, 65_535)) throw cause;
    }
  }
}

async function buildService(
  agent: UserAgent,
  config: Config,
  { options, log, identity, watch, plugins }: Context & { readonly plugins: readonly Granted[] },
): Promise<SipService> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const numberPlan = config.numberPlan && new NumberPlan(config.numberPlan);
  const devices = configuredDevices(config.devices, {
    caller: agent,
    agent,
    numberPlan,
    mediaHost: agent.host,
    directory: options.runtimeDir,
    path: childEnvironment({})["PATH"] ?? "",
    untilReachable: (address, signal) => untilReachable(agent, address, signal),
  });
  const told = (config.devices ?? []).filter((device) => device.kind === "http");
  await warnOfPasswords(told, { options, log });
  const accounts = await openAccounts(agent, config.accounts ?? [], { options, log });
  return new SipService({
    caller: agent,
    accounts,
    subscriber: agent,
    conferences: conferencesOf(agent, config, options.conferencePort),
    devices,
    numberPlan,
    choices: new Choices(join(options.dataDir, "choices.json")),
    reception: receptionOf(config, options.dataDir, announcerOf(devices, log)),
    identity,
    watch,
    ...(plugins.length > 0 && { tunnels: { plugins, agent } }),
    mediaHost: agent.host,
    ...(config.sip.codecs && { codecs: config.sip.codecs }),
    onTrouble: (what, err) => log.warn({ err }, what),
  });
}

function receptionOf(
  { incoming = readIncoming(undefined) }: Config,
  directory: string,
  announcer: Announcer | undefined,
): Reception {
  return {
    config: incoming,
    doNotDisturb: new DoNotDisturb(incoming.doNotDisturb, directory),
    missed: new MissedCalls(directory),
    ...(announcer && { announcer }),
  };
}
