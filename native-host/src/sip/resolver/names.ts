/** What name servers and the hosts file say about a name: NAPTR, SRV and addresses (RFC 3403, RFC 2782, RFC 1035). */
import type { NaptrRecord, SrvRecord } from "node:dns";
import { lookup, Resolver } from "node:dns/promises";
import { type Answer, Answers } from "./answers.ts";

export type Family = 4 | 6;

/** Addresses of a host, best first; rejects, or finds none, when there are none. */
export type Lookup = (host: string, family: Family) => Promise<readonly string[]>;

export interface DnsOptions {
  /** Name servers as `address` or `address:port`; those of the system when missing. */
  readonly servers?: readonly string[];
}

/** How a name is asked about. A question without an answer rejects; a name without records has none. */
export interface Names {
  naptr(name: string): Promise<readonly NaptrRecord[]>;
  srv(name: string): Promise<readonly SrvRecord[]>;
  addresses(host: string, family: Family): Promise<readonly string[]>;
}

/** One try of one name server; the second waits twice as long. */
const TRY_MS = 1000;
const TRIES = 2;
/** node:dns does not tell how long NAPTR, SRV and hosts file are good: they are asked for again after this, seconds. */
const UNTOLD_TTL_S = 30;
/** That a name has no such record is believed for this long, seconds. */
const NOTHING_TTL_S = 5;

const NOTHING = new Set(["ENOTFOUND", "ENODATA"]);

/** By the system's hosts file and whatever else it asks about names. */
const systemLookup: Lookup = async (host, family) => {
  const found = await lookup(host, { family, all: true });
  return found.map(({ address }) => address);
};

/**
 * The name servers of `dns`, else the system's. With a `lookup` of the owner's and no servers that alone says where a
 * host is, and nobody is asked for NAPTR and SRV.
 */
export function openNames(dns: DnsOptions = {}, own?: Lookup): Names {
  if (own && !dns.servers) return { naptr: nothing, srv: nothing, addresses: own };
  return new NameServers(dns.servers, own ?? systemLookup);
}

const nothing = (): Promise<readonly never[]> => Promise.resolve([]);

class NameServers implements Names {
  readonly #resolver = new Resolver({ timeout: TRY_MS, tries: TRIES });
  readonly #asked: boolean;
  readonly #lookup: Lookup;
  readonly #naptr = new Answers<NaptrRecord>();
  readonly #srv = new Answers<SrvRecord>();
  readonly #addresses = new Answers<string>();

  constructor(servers: readonly string[] | undefined, hosts: Lookup) {
    if (servers) this.#resolver.setServers(servers);
    this.#asked = servers !== undefined;
    this.#lookup = hosts;
  }

  naptr(name: string): Promise<readonly NaptrRecord[]> {
    return this.#naptr.get(name, () => untold(this.#resolver.resolveNaptr(name)));
  }

  srv(name: string): Promise<readonly SrvRecord[]> {
    return this.#srv.get(name, () => untold(this.#resolver.resolveSrv(name)));
  }

  addresses(host: string, family: Family): Promise<readonly string[]> {
    return this.#addresses.get(`${host} ${family}`, () => this.#ask(host, family));
  }

  /** Name servers that were given to us know best; the hosts file knows what they do not. */
  async #ask(host: string, family: Family): Promise<Answer<string>> {
    const told = this.#asked ? await this.#told(host, family) : undefined;
    if (told && told.records.length > 0) return told;
    return untold(this.#lookup(host, family));
  }

  async #told(host: string, family: Family): Promise<Answer<string>> {
    const options = { ttl: true } as const;
    try {
      const found =
        family === 6
          ? await this.#resolver.resolve6(host, options)
          : await this.#resolver.resolve4(host, options);
      const ttlS = Math.min(...found.map(({ ttl }) => ttl));
      return { records: found.map(({ address }) => address), ttlS };
    } catch (cause) {
      return noneOrThrow(cause);
    }
  }
}

async function untold<Item>(asked: Promise<readonly Item[]>): Promise<Answer<Item>> {
  try {
    return { records: await asked, ttlS: UNTOLD_TTL_S };
  } catch (cause) {
    return noneOrThrow(cause);
  }
}

function noneOrThrow(cause: unknown): Answer<never> {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (NOTHING.has(code)) return { records: [], ttlS: NOTHING_TTL_S };
  throw cause;
}
