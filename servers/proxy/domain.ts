/** What this proxy is responsible for: its own address and the domains given to it (RFC 3261 §16.5). */

import type { Uri } from "#sip/uri.ts";

export interface Domain {
  /** The address it listens on, as it stands in a URI, and its port. */
  readonly host: string;
  readonly port: number;
  /** Further names for it. */
  readonly names: readonly string[];
}

const LOOPBACK = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** Whether a URI means this proxy: its own socket, or one of its names with no port or this one. */
export function isOwn(domain: Domain, { host, port }: Uri): boolean {
  const named = domain.names.includes(host) && (port === undefined || port === domain.port);
  const here = host === domain.host || (LOOPBACK.has(host) && LOOPBACK.has(domain.host));
  return named || (here && (port ?? 5060) === domain.port);
}
