/** The user's configuration, read strictly: every key optional, none unknown, each mistake one sentence with its place. */

import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type AccountConfig, readAccount } from "./config-account.ts";
import { type ActionConfig, readAction } from "./config-actions.ts";
import { type ApiConfig, readApi } from "./config-api.ts";
import { type ConferencesConfig, readConferences } from "./config-conferences.ts";
import { checkDevices, type DeviceConfig, readDevice } from "./config-device.ts";
import { type IncomingConfig, readIncoming } from "./config-incoming.ts";
import { readNumberPlan } from "./config-number-plan.ts";
import { type PluginConfig, readPlugins } from "./config-plugins.ts";
import { ConfigError, compact, Section } from "./config-section.ts";
import type { NumberPlanConfig } from "./devices/number-plan.ts";
import type { SipUri } from "./sip/message.ts";
import type { TlsOptions } from "./sip/stack.ts";
import { PemError, readPem } from "./sip/transport/pem.ts";

const CODECS = ["PCMU", "PCMA"] as const;
export type CodecName = (typeof CODECS)[number];

export interface Config {
  readonly identity: { readonly name?: string; readonly uri?: SipUri };
  readonly sip: {
    readonly bind?: string;
    readonly port?: number;
    readonly outboundProxy?: SipUri;
    /** To be reached by TLS: PEM text out of the files named. */
    readonly tls?: TlsOptions;
    /** PEM text of authorities trusted beside the system's. */
    readonly ca?: string;
    /** Name servers as address or address:port, in place of the system's. */
    readonly dnsServers?: readonly string[];
    /** What phones are offered, best first; not said: PCMU, PCMA. */
    readonly codecs?: readonly CodecName[];
  };
  /** Ways to the XML API beside the user's own socket. */
  readonly api?: ApiConfig;
  /** The default one first. */
  readonly accounts?: readonly AccountConfig[];
  /** Where conferences are made; not said: the server beside us. */
  readonly conferences?: ConferencesConfig;
  /** How telephone numbers are called; without it they are not. */
  readonly numberPlan?: NumberPlanConfig;
  /** Undefined: not said; then there is baresip, if it is installed. */
  readonly devices?: readonly DeviceConfig[];
  /** What calls that come in get. */
  readonly incoming?: IncomingConfig;
  readonly plugins?: readonly PluginConfig[];
  readonly actions?: readonly ActionConfig[];
}

/** Reads the file; one that is not there is an empty configuration. Throws ConfigError. */
export async function loadConfig(file: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (missing) return { identity: {}, sip: {} };
    throw new ConfigError(`${file} cannot be read.`, { cause });
  }
  try {
    return readConfig(parseJson(text), dirname(file));
  } catch (mistake) {
    if (!(mistake instanceof ConfigError)) throw mistake;
    throw new ConfigError(`${file}: ${mistake.message}`, { cause: mistake });
  }
}

/** Reads what the file says, and the files it names beside it in `directory`. Throws ConfigError with the path of the key. */
export function readConfig(value: unknown, directory = "."): Config {
  const config = new Section(value, "");
  // For editors only.
  config.text("$schema");
  const identity = config.section("identity");
  const sip = config.section("sip");
  const api = within(config.optional("api"), readApi);
  const numberPlan = within(config.optional("numberPlan"), readNumberPlan);
  const conferences = within(config.optional("conferences"), readConferences);
  const devices = config
    .list("devices")
    ?.map((device) => readDevice(device, { plan: numberPlan, directory }));
  const accounts = readAccounts(config.list("accounts")?.map(readAccount) ?? []);
  const incoming = within(config.optional("incoming"), readIncoming);
  const plugins = readPlugins(config.list("plugins") ?? [], directory);
  const actions = (config.list("actions") ?? []).map(readAction);
  config.end();
  const read: Config = {
    identity: compact({ name: identity.text("name"), uri: identity.sipUri("uri") }),
    sip: compact({
      bind: sip.address("bind"),
      port: sip.port("port"),
      outboundProxy: sip.sipUri("outboundProxy"),
      dnsServers: sip.nameServers("dnsServers"),
      codecs: sip.choices("codecs", CODECS),
      ...readTrust(sip, directory),
    }),
    ...compact({
      api,
      conferences,
      numberPlan,
      devices,
      incoming,
      accounts: unlessEmpty(accounts),
      plugins: unlessEmpty(plugins),
      actions: unlessEmpty(actions),
    }),
  };
  identity.end();
  sip.end();
  checkDevices(devices ?? []);
  return read;
}

function within<Value>(section: Section | undefined, read: (section: Section) => Value): Value | undefined {
  return section && read(section);
}

function unlessEmpty<Item>(list: readonly Item[]): readonly Item[] | undefined {
  return list.length > 0 ? list : undefined;
}

function readTrust(sip: Section, directory: string): Pick<Config["sip"], "tls" | "ca"> {
  const ca = sip.text("ca");
  const files = sip.optional("tls");
  const [certificate, key, port] = [files?.text("certificate"), files?.text("key"), files?.port("port")];
  files?.end();
  if (files && (certificate === undefined || key === undefined)) {
    throw sip.mistake("tls", "must have both certificate and key, each the name of a file");
  }
  try {
    const pem = readPem({ certificate, key, ca }, directory);
    return { ...(pem.pair && { tls: { ...pem.pair, ...compact({ port }) } }), ...compact({ ca: pem.ca }) };
  } catch (cause) {
    throw new ConfigError(cause instanceof PemError ? cause.message : "sip.tls cannot be read.", { cause });
  }
}

function readAccounts(accounts: readonly AccountConfig[]): readonly AccountConfig[] {
  const ids = accounts.map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) throw new ConfigError(`accounts: "${twice}" is there twice.`);
  const [first, ...more] = accounts.filter((account) => account.default);
  if (more.length > 0) throw new ConfigError("accounts may have one default only.");
  return first ? [first, ...accounts.filter((account) => account !== first)] : accounts;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`this is not JSON: ${cause instanceof Error ? cause.message : "unreadable"}.`, {
      cause,
    });
  }
}
