/** The way of an account's requests, and the servers that may see its password (RFC 3261 §22.3, RFC 3608 §6.1). */
import type { Core } from "./core.ts";
import type { Secret } from "./digest.ts";
import { type NameAddr, type SipResponse, type SipUri, textHeader } from "./message.ts";
import { formatUri, isSipUri, parseNameAddrs, parseUri } from "./uri.ts";

export interface Account {
  /** The address we are called at. */
  readonly aor: SipUri;
  /** The way of all requests in this name, until the registrar names another (Service-Route). */
  readonly outboundProxy?: SipUri;
  /** Shown to the registrar, the outbound proxy and the domain of the address only. */
  readonly secret?: Secret;
}

export class AccountWay {
  readonly #core: Core;
  readonly #account: Account;
  readonly #registrar: SipUri;
  #takeBack: () => void = () => undefined;

  /** Nobody has answered yet. */
  constructor(core: Core, account: Account, registrar: SipUri) {
    this.#core = core;
    this.#account = account;
    this.#registrar = registrar;
    this.#set([]);
  }

  /** The registrar's 2xx says how to go on. */
  learn(response: SipResponse): void {
    this.#set(parseNameAddrs(textHeader(response, "service-route") ?? "") ?? []);
  }

  forget(): void {
    this.#core.routes.delete(this.#account.aor);
    this.#takeBack();
  }

  /** The outbound proxy, then what the registrar says. */
  #set(service: readonly NameAddr[]): void {
    const { aor, outboundProxy } = this.#account;
    const first = service[0]?.uri;
    const known = outboundProxy === undefined || (first !== undefined && sameHost(first, outboundProxy));
    const routes = known ? service : [{ uri: outboundProxy, params: {} }, ...service];
    if (routes.length > 0) this.#core.routes.set(aor, routes);
    else this.#core.routes.delete(aor);
    this.#show(first !== undefined && isSipUri(first) ? [first] : []);
  }

  /** Puts the account's password at the disposal of requests to its own servers. */
  #show(more: readonly SipUri[]): void {
    const { aor, secret, outboundProxy } = this.#account;
    this.#takeBack();
    if (!secret) return;
    const servers = [this.#registrar, domainOf(aor), ...(outboundProxy ? [outboundProxy] : []), ...more];
    this.#takeBack = this.#core.wallet.add({ ...secret, aor, servers });
  }
}

/** `sip:alice@example.com:5070;x` is registered at `sip:example.com:5070` (§10.2). */
export function domainOf(aor: SipUri): SipUri {
  const {
    user: _user,
    headers: _headers,
    ...place
  } = parseUri(aor) ?? { scheme: "sip", host: "", params: {} };
  const text = formatUri(place);
  return isSipUri(text) ? text : aor;
}

export function sameHost(one: string, other: string): boolean {
  const [a, b] = [parseUri(one), parseUri(other)];
  return a?.host === b?.host && (a?.port ?? 5060) === (b?.port ?? 5060);
}
