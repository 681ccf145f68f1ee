/** The ways a domain says it can be reached: transports by NAPTR, servers by SRV (RFC 3263 §4.1, §4.2). */
import type { NaptrRecord, SrvRecord } from "node:dns";
import type { Transport } from "../message.ts";

/** One transport of a domain, and the name under which SRV lists its servers. */
export interface Service {
  readonly transport: Transport;
  readonly srvName: string;
}

/** Service fields of NAPTR records (RFC 3263 §4.1, RFC 7118 §8). */
const TRANSPORTS: ReadonlyMap<string, Transport> = new Map([
  ["SIP+D2U", "UDP"],
  ["SIP+D2T", "TCP"],
  ["SIPS+D2T", "TLS"],
  ["SIP+D2W", "WS"],
  ["SIPS+D2W", "WSS"],
]);

/** SRV names for domains without NAPTR; WebSocket has none (RFC 7118 §8). */
const SRV_PREFIX: Readonly<Partial<Record<Transport, string>>> = {
  UDP: "_sip._udp",
  TCP: "_sip._tcp",
  TLS: "_sips._tcp",
};

/** Whether what goes by this transport is encrypted. */
function isSecure(transport: Transport): boolean {
  return transport === "TLS" || transport === "WSS";
}

/** What we can use of a domain's NAPTR records, best first; of several orders only the lowest counts (RFC 3403 §4.1). */
export function servicesOf(records: readonly NaptrRecord[], secure: boolean): readonly Service[] {
  const usable = records
    .filter(({ flags }) => flags.toLowerCase() === "s")
    .flatMap((record) => {
      const transport = TRANSPORTS.get(record.service.toUpperCase());
      if (!transport || (secure && !isSecure(transport))) return [];
      return [{ ...record, transport, srvName: record.replacement }];
    });
  const lowest = Math.min(...usable.map(({ order }) => order));
  return usable
    .filter(({ order }) => order === lowest)
    .sort((one, other) => one.preference - other.preference)
    .map(({ transport, srvName }) => ({ transport, srvName }));
}

/** The services of a domain without NAPTR: whatever has servers is meant to be used. */
export function usualServices(domain: string, transports: readonly Transport[]): readonly Service[] {
  return transports.flatMap((transport) => {
    const prefix = SRV_PREFIX[transport];
    return prefix ? [{ transport, srvName: `${prefix}.${domain}` }] : [];
  });
}

/** By priority, and within one in a random order that favours weight (RFC 2782). `random` gives [0, 1). */
export function inOrderOfTrial(records: readonly SrvRecord[], random: () => number): readonly SrvRecord[] {
  // A single "." means that the service is decidedly not there.
  const real = records.filter(({ name }) => name !== "" && name !== ".");
  const priorities = [...new Set(real.map(({ priority }) => priority))].sort((one, other) => one - other);
  return priorities.flatMap((wanted) =>
    byWeight(
      real.filter(({ priority }) => priority === wanted),
      random,
    ),
  );
}

function byWeight(records: readonly SrvRecord[], random: () => number): readonly SrvRecord[] {
  // Those without weight stand first, so that they have a small chance too.
  const left = [...records].sort((one, other) => one.weight - other.weight);
  const ordered: SrvRecord[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    const drawn = Math.floor(random() * (total + 1));
    let sum = 0;
    const at = left.findIndex(({ weight }) => {
      sum += weight;
      return sum >= drawn;
    });
    ordered.push(...left.splice(Math.max(at, 0), 1));
  }
  return ordered;
}
