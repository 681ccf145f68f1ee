/** From a SIP URI to the servers a request may go to, in order of trial (RFC 3263 §4). */
import { isIPv4, isIPv6 } from "node:net";
import type { Hop, SipRequest, Transport } from "./message.ts";
import { type DnsOptions, type Family, type Lookup, type Names, openNames } from "./resolver/names.ts";
import { inOrderOfTrial, type Service, servicesOf, usualServices } from "./resolver/services.ts";
import { SipError } from "./sip-error.ts";
import { bareHost, isLiteral, parseUri, type Uri } from "./uri.ts";

/** Where a request goes. */
export interface Targets {
  /** In order of trial, at least one. */
  readonly hops: readonly Hop[];
  /** Whether the URI named the transport; if not, a large request may go another way (RFC 3261 §18.1.1). */
  readonly named: boolean;
}

export interface ResolverOptions {
  /** Address families our sockets have, the better one first. */
  readonly families: readonly Family[];
  readonly dns?: DnsOptions | undefined;
  /** Addresses of hosts, in place of the hosts file; without `dns.servers` in place of all name servers. */
  readonly lookup?: Lookup | undefined;
  /** Random numbers in [0, 1), for the weights of SRV. */
  readonly random?: () => number;
}

/** A URI as far as it matters for where it leads. */
interface Wish {
  /** maddr or host, without brackets. */
  readonly host: string;
  /** The domain a certificate must be for (RFC 5922 §7.2). */
  readonly domain: string;
  readonly port: number | undefined;
  readonly secure: boolean;
  readonly transport: Transport | undefined;
}

/** How long name servers may take for all questions about one URI, and for NAPTR and SRV before we do without. */
const PATIENCE_MS = 5000;
const SERVICE_PATIENCE_MS = 2500;
/** More servers than this are not tried, nor looked for. */
const MOST_HOPS = 16;

const DEFAULT_PORT: Readonly<Record<Transport, number>> = {
  UDP: 5060,
  TCP: 5060,
  TLS: 5061,
  WS: 80,
  WSS: 443,
};
/** What `;transport=` means in a sip: and in a sips: URI (RFC 3261 §26.2.2, RFC 7118 §5.2). */
const SIP_TRANSPORTS: ReadonlyMap<string, Transport> = new Map([
  ["udp", "UDP"],
  ["tcp", "TCP"],
  ["tls", "TLS"],
  ["ws", "WS"],
  ["wss", "WSS"],
]);
const SIPS_TRANSPORTS: ReadonlyMap<string, Transport> = new Map([
  ["tcp", "TLS"],
  ["tls", "TLS"],
  ["ws", "WSS"],
  ["wss", "WSS"],
]);
const LOOPBACK: Readonly<Record<Family, string>> = { 4: "127.0.0.1", 6: "::1" };

/** The URI a request is sent to: its first Route, else the request URI (RFC 3261 §8.1.2). */
export function nextUri(request: SipRequest): string {
  return request.headers.route?.[0]?.uri ?? request.uri;
}

export class Resolver {
  readonly #families: readonly Family[];
  readonly #names: Names;
  readonly #random: () => number;

  constructor({ families, dns, lookup, random = Math.random }: ResolverOptions) {
    this.#families = families;
    this.#names = openNames(dns, lookup);
    this.#random = random;
  }

  /** At once for literal addresses and localhost. Throws, or rejects with, SipError 503 when we cannot send there. */
  resolve(text: string): Targets | Promise<Targets> {
    const uri = parseUri(text);
    if (!uri) throw new SipError(503, "Bad Target");
    const wish = readWish(uri);
    const named = uri.params["transport"] !== undefined;
    if (isLiteral(wish.host)) return { hops: [this.#literal(wish)], named };
    if (isLoopback(wish.host)) {
      return { hops: this.#families.map((family) => usualHop(wish, LOOPBACK[family])), named };
    }
    return this.#search(wish).then((hops) => ({ hops, named }));
  }

  #literal(wish: Wish): Hop {
    if (!this.#families.includes(isIPv6(wish.host) ? 6 : 4)) {
      throw new SipError(503, "No Route To Address Family");
    }
    if (isMulticast(wish.host)) throw new SipError(503, "Multicast Not Available");
    return usualHop(wish, wish.host);
  }

  async #search(wish: Wish): Promise<readonly Hop[]> {
    const found = await within(PATIENCE_MS, this.#find(wish)).catch((cause: unknown) => {
      throw new SipError(503, "DNS Failed", { cause });
    });
    if (found === undefined) throw new SipError(503, "DNS Timeout");
    if (found.length === 0) throw new SipError(503, "Host Not Found");
    return found.slice(0, MOST_HOPS);
  }

  async #find(wish: Wish): Promise<readonly Hop[]> {
    // A port in the URI leaves nothing for SRV to say (§4.2); hosts without a domain are in no DNS (RFC 6762 §3).
    const listed = wish.port !== undefined || isUnlisted(wish.host) ? [] : await this.#findServers(wish);
    if (listed.length > 0) return listed;
    const addresses = await this.#addresses(wish.host);
    return addresses.map((address) => usualHop(wish, address));
  }

  /** Domains whose name servers leave NAPTR or SRV unanswered can still be reached by their address. */
  async #findServers(wish: Wish): Promise<readonly Hop[]> {
    const found = await within(SERVICE_PATIENCE_MS, this.#byService(wish)).catch(() => undefined);
    return found ?? [];
  }

  async #byService(wish: Wish): Promise<readonly Hop[]> {
    const { host, transport, secure } = wish;
    if (transport) return await this.#servers(usualServices(host, [transport]), wish);
    const records = this.#names.naptr(host).catch(() => []);
    // Most domains have no NAPTR: SRV is asked for meanwhile.
    const usual = this.#servers(usualServices(host, secure ? ["TLS"] : ["UDP", "TCP", "TLS"]), wish);
    usual.catch(() => {});
    const told = await this.#servers(servicesOf(await records, secure), wish);
    return told.length > 0 ? told : await usual;
  }

  async #servers(services: readonly Service[], wish: Wish): Promise<readonly Hop[]> {
    const lists = await Promise.all(services.map((service) => this.#serversOf(service, wish)));
    return lists.flat();
  }

  async #serversOf({ transport, srvName }: Service, wish: Wish): Promise<readonly Hop[]> {
    const records = await this.#names.srv(srvName).catch(() => []);
    const servers = inOrderOfTrial(records, this.#random).slice(0, MOST_HOPS);
    const lists = await Promise.all(
      servers.map(async ({ name, port }) => {
        const addresses = await this.#addresses(name).catch(() => []);
        return addresses.map((address) => hopTo(wish, { protocol: transport, address, port }));
      }),
    );
    return lists.flat();
  }

  /** Of all our families; rejects when no family has any and one of the questions got no answer. */
  async #addresses(host: string): Promise<readonly string[]> {
    const asked = this.#families.map((family) => this.#names.addresses(host, family));
    const answers = await Promise.allSettled(asked);
    const found = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    const failed = answers.find((answer) => answer.status === "rejected");
    if (found.length === 0 && failed && !isNotFound(failed.reason)) throw failed.reason;
    return found.filter(isLiteral);
  }
}

function readWish(uri: Uri): Wish {
  const secure = uri.scheme === "sips";
  if (!secure && uri.scheme !== "sip") throw new SipError(503, "Unsupported URI Scheme");
  const domain = bareHost(uri.host);
  const host = bareHost(uri.params["maddr"]?.toLowerCase() ?? domain);
  return { host, domain, port: uri.port, secure, transport: readTransport(uri, secure) };
}

function readTransport(uri: Uri, secure: boolean): Transport | undefined {
  const written = uri.params["transport"]?.toLowerCase();
  if (written === undefined) return undefined;
  const transport = (secure ? SIPS_TRANSPORTS : SIP_TRANSPORTS).get(written);
  if (!transport) throw new SipError(503, "Transport Not Available");
  return transport;
}

/** The hop to an address that neither NAPTR nor SRV says more about (RFC 3263 §4.1, §4.2). */
function usualHop(wish: Wish, address: string): Hop {
  const protocol = wish.transport ?? (wish.secure ? "TLS" : "UDP");
  return hopTo(wish, { protocol, address, port: wish.port ?? DEFAULT_PORT[protocol] });
}

function hopTo({ domain }: Wish, hop: Hop): Hop {
  const unnamed = hop.protocol === "UDP" || hop.protocol === "TCP" || isLiteral(domain);
  return unnamed ? hop : { ...hop, name: domain };
}

/** RFC 6761 §6.3: localhost and all under it. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost");
}

function isUnlisted(host: string): boolean {
  return !host.includes(".") || host.endsWith(".local");
}

function isMulticast(address: string): boolean {
  return isIPv4(address) ? /^2(?:2[4-9]|3\d)\./.test(address) : address.startsWith("ff");
}

/** What a lookup of an owner's, or the hosts file, says of a name it does not know. */
function isNotFound(cause: unknown): boolean {
  return !(cause instanceof Error && "code" in cause) || cause.code === "ENOTFOUND";
}

/** Undefined when it takes longer. */
async function within<Value>(ms: number, work: Promise<Value>): Promise<Value | undefined> {
  const late = Promise.withResolvers<undefined>();
  const clock = setTimeout(() => late.resolve(undefined), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(clock);
  }
}
