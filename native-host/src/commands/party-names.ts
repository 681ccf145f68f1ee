/** Names for the addresses of a trace: those the user gave, those of the configuration, those the parties tell. */
import type { Config } from "../config.ts";
import { hostPort, parseUri } from "../sip/uri.ts";
import type { Ports } from "./ports.ts";

/** "127.0.0.1:5080" -> "conference": what the configuration and the usual ports tell before anybody speaks. */
export function knownNames(config: Config, ports: Ports, bind: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const name of ["proxy", "conference", "mixer"] as const) names.set(`${bind}:${ports[name]}`, name);
  const { outboundProxy } = config.sip;
  if (outboundProxy !== undefined) addUri(names, outboundProxy, "proxy");
  for (const device of config.devices ?? []) {
    if (device.kind === "sip") addUri(names, device.uri, device.id);
  }
  return names;
}

function addUri(names: Map<string, string>, text: string, name: string): void {
  const uri = parseUri(text);
  if (!uri) return;
  const { host, port } = hostPort(uri);
  names.set(`${host}:${port}`, name);
}

/** Who is who in one trace; a party without a name is its address until it says what it is. */
export class PartyNames {
  readonly #names: Map<string, string>;
  /** Names somebody has in this trace. */
  readonly #used = new Set(["service"]);
  readonly #onRenamed: (old: string, name: string) => void;

  constructor(names: Map<string, string>, onRenamed: (old: string, name: string) => void) {
    this.#names = names;
    this.#onRenamed = onRenamed;
  }

  /** The first of these addresses that has a name, else the last of them. */
  of(addresses: readonly string[]): string {
    const named = addresses.map((address) => this.#names.get(address)).find((name) => name !== undefined);
    const name = named ?? addresses.at(-1) ?? "?";
    this.#used.add(name);
    return name;
  }

  /** What the party at `address` calls itself; the first of that name keeps it. */
  learn(address: string, agent: string): void {
    if (this.#names.has(address) || this.#used.has(agent)) return;
    this.#names.set(address, agent);
    this.#onRenamed(address, agent);
  }
}
