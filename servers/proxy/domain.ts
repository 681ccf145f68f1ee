/** What this proxy is responsible for: its own addresses and the domains given to it (RFC 3261 §16.5). */

import { networkInterfaces } from "node:os";
import { isWildcard } from "#sip/transport/address.ts";
import type { Uri } from "#sip/uri.ts";
import { bracketed } from "#sip/uri.ts";

export interface Domain {
  /** The address it tells others, as it stands in a URI, and its port for UDP and TCP. */
  readonly host: string;
  readonly port: number;
  /** Ports of its listeners beside UDP and TCP. */
  readonly ports?: readonly number[];
  /** Further addresses of it, as they stand in a URI. */
  readonly addresses?: readonly string[];
  /** Further names for it. */
  readonly names: readonly string[];
}

const LOOPBACK = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** Whether a URI means this proxy: one of its own sockets, or one of its names with no port or one of its. */
export function isOwn(domain: Domain, { scheme, host: named, port, params }: Uri): boolean {
  const host = params["maddr"]?.toLowerCase() ?? named;
  if (domain.names.includes(host)) return port === undefined || hasPort(domain, port);
  const here =
    host === domain.host ||
    (LOOPBACK.has(host) && LOOPBACK.has(domain.host)) ||
    domain.addresses?.includes(host) === true;
  const usual = scheme === "sips" || params["transport"]?.toLowerCase() === "tls" ? 5061 : 5060;
  return here && hasPort(domain, port ?? usual);
}

function hasPort(domain: Domain, port: number): boolean {
  return port === domain.port || domain.ports?.includes(port) === true;
}

/** All addresses of one who listens on `bound`, as they stand in a URI. */
export function addressesOf(bound: string): readonly string[] {
  if (!isWildcard(bound)) return [bracketed(bound)];
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return ["localhost", ...all.map(({ address }) => bracketed(address))];
}
