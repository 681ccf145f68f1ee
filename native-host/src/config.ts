/** The user's configuration, read strictly: every key optional, none unknown, each mistake one sentence with its place. */

import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { type AccountConfig, readAccount } from "./config-account.ts";
import type { SipUri } from "./sip/message.ts";
import { isNameServer } from "./sip/resolver/server-address.ts";
import type { TlsOptions } from "./sip/stack.ts";
import { PemError, readPem } from "./sip/transport/pem.ts";
import { isSipUri } from "./sip/uri.ts";

export interface SoftphoneConfig {
  readonly kind: "softphone";
  readonly id: string;
  readonly name: string;
  /** Whether its media run through the service, as one continuous stream. */
  readonly anchor: boolean;
  readonly default: boolean;
  /** A name on PATH or a path. */
  readonly program: string;
  /** In baresip's words, e.g. `alsa,default`; the system's sound when missing. */
  readonly audioSource?: string;
  readonly audioPlayer?: string;
}

export interface SipPhoneConfig {
  readonly kind: "sip";
  readonly id: string;
  readonly name: string;
  readonly anchor: boolean;
  readonly default: boolean;
  readonly uri: SipUri;
}

export type DeviceConfig = SoftphoneConfig | SipPhoneConfig;

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
  /** The default one first. */
  readonly accounts?: readonly AccountConfig[];
  /** Undefined: not said; then there is baresip, if it is installed. */
  readonly devices?: readonly DeviceConfig[];
}

/** One sentence for the user, naming file and key. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
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
  const devices = config.list("devices")?.map(readDevice);
  const accounts = readAccounts(config.list("accounts")?.map(readAccount) ?? []);
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
    ...(devices && { devices }),
    ...(accounts.length > 0 && { accounts }),
  };
  identity.end();
  sip.end();
  checkDevices(devices ?? []);
  return read;
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

function readDevice(device: Section): DeviceConfig {
  const kind = device.text("kind");
  const id = device.id("id");
  const name = device.text("name") ?? id;
  const common = { id, name, default: device.flag("default") ?? false };
  const anchor = device.flag("anchor");
  if (kind === "softphone") {
    const program = device.text("program") ?? "baresip";
    const audio = { audioSource: device.text("audioSource"), audioPlayer: device.text("audioPlayer") };
    device.end();
    return { kind, ...common, anchor: anchor ?? true, program, ...compact(audio) };
  }
  if (kind !== "sip") throw device.mistake("kind", 'must be "softphone" or "sip"');
  const uri = device.sipUri("uri");
  if (uri === undefined) throw device.mistake("uri", "is missing; it says where the phone is called");
  device.end();
  return { kind, ...common, anchor: anchor ?? false, uri };
}

function readAccounts(accounts: readonly AccountConfig[]): readonly AccountConfig[] {
  const ids = accounts.map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) throw new ConfigError(`accounts: "${twice}" is there twice.`);
  const [first, ...more] = accounts.filter((account) => account.default);
  if (more.length > 0) throw new ConfigError("accounts may have one default only.");
  return first ? [first, ...accounts.filter((account) => account !== first)] : accounts;
}

function checkDevices(devices: readonly DeviceConfig[]): void {
  const ids = new Set<string>();
  for (const [at, { id }] of devices.entries()) {
    if (ids.has(id)) throw new ConfigError(`devices[${at}].id "${id}" is there twice.`);
    ids.add(id);
  }
  if (devices.filter((device) => device.default).length > 1) {
    throw new ConfigError("devices may have one default only.");
  }
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

type Compact<Value> = { [Key in keyof Value]?: Exclude<Value[Key], undefined> };

/** Without the keys that are not there. The cast is safe: only undefined values are left out. */
function compact<Value extends object>(value: Value): Compact<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Compact<Value>;
}

/** One object of the file; each key is asked for once, and `end` refuses the others. */
class Section {
  readonly #path: string;
  readonly #values: Map<string, unknown>;

  constructor(value: unknown, path: string) {
    this.#path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new ConfigError(`${path || "the configuration"} must be an object.`);
    }
    this.#values = new Map(Object.entries(value));
  }

  section(key: string): Section {
    return new Section(this.#take(key) ?? {}, this.#place(key));
  }

  optional(key: string): Section | undefined {
    const value = this.#take(key);
    return value === undefined ? undefined : new Section(value, this.#place(key));
  }

  list(key: string): Section[] | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.mistake(key, "must be a list");
    return value.map((one: unknown, at) => new Section(one, `${this.#place(key)}[${at}]`));
  }

  /** 1 to 256 characters, none of them a control character. */
  text(key: string): string | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value === "string" && /^[^\p{Cc}]{1,256}$/u.test(value)) return value;
    throw this.mistake(key, "must be a text of one line, 256 characters at most");
  }

  /** As the XML API names devices. */
  id(key: string): string {
    const value = this.#take(key);
    if (typeof value === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(value)) return value;
    throw this.mistake(key, "must be a name of letters, digits, dots, dashes and underscores");
  }

  flag(key: string): boolean | undefined {
    const value = this.#take(key);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.mistake(key, "must be true or false");
  }

  sipUri(key: string): SipUri | undefined {
    const value = this.text(key);
    if (value === undefined || isSipUri(value)) return value;
    throw this.mistake(key, "must be a SIP URI such as sip:alice@example.com");
  }

  /** One address of this machine: phones are told to send their audio there. */
  address(key: string): string | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    if (isIP(value) !== 0 && value !== "0.0.0.0" && value !== "::") return value;
    throw this.mistake(key, "must be one IP address of this machine");
  }

  port(key: string): number | undefined {
    return this.whole(key, [0, 65_535], "a port");
  }

  whole(key: string, [least, most]: readonly [number, number], what = "a whole number"): number | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.mistake(key, `must be ${what}, ${least} to ${most}`);
  }

  /** One or more of `known`, none twice. */
  choices<Choice extends string>(key: string, known: readonly Choice[]): readonly Choice[] | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const chosen = Array.isArray(value) ? value.map((one) => known.find((choice) => choice === one)) : [];
    const right = chosen.filter((one) => one !== undefined);
    if (right.length > 0 && right.length === new Set(chosen).size && right.length === chosen.length)
      return right;
    throw this.mistake(key, `must be a list of ${known.join(", ")}, each once at most`);
  }

  nameServers(key: string): readonly string[] | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const isRight = (one: unknown): one is string => typeof one === "string" && isNameServer(one);
    if (Array.isArray(value) && value.length > 0 && value.every(isRight)) return value;
    throw this.mistake(key, 'must be a list of addresses such as "192.0.2.53" or "192.0.2.53:5353"');
  }

  end(): void {
    const [unknown] = this.#values.keys();
    if (unknown !== undefined) throw this.mistake(unknown, "is not a key of the configuration");
  }

  mistake(key: string, what: string): ConfigError {
    return new ConfigError(`${this.#place(key)} ${what}.`);
  }

  #take(key: string): unknown {
    const value = this.#values.get(key);
    this.#values.delete(key);
    return value;
  }

  #place(key: string): string {
    return this.#path === "" ? key : `${this.#path}.${key}`;
  }
}
