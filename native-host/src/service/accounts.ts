/** The user's accounts: registered while the service runs, renewed when the network changes, and whose name a call is made in. */

import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import type { AccountView } from "../api/call-control.ts";
import type { SipUri } from "../sip/message.ts";
import type { RegisterOptions, Registration } from "../sip/register.ts";
import { parseUri } from "../sip/uri.ts";
import type { CallerIdentity } from "./far-end.ts";

export interface AccountsOptions {
  /** How an account is registered: `UserAgent.register`. */
  register(options: RegisterOptions): Registration;
  /** The first is the one whose name is used where no other fits. */
  readonly accounts: readonly RegisterOptions[];
  /** The addresses of this machine; others for tests. */
  readonly interfaces?: () => NodeJS.Dict<NetworkInterfaceInfo[]>;
}

/** How often we look whether the network is still the same; no system tells a program of this kind. */
const LOOK_EVERY_MS = 5000;

export class Accounts {
  onChange: (account: AccountView) => void = () => undefined;
  readonly #options: AccountsOptions;
  readonly #registrations = new Map<SipUri, Registration>();
  readonly #views = new Map<SipUri, AccountView>();
  #network: string;
  readonly #watch: NodeJS.Timeout | undefined;

  constructor(options: AccountsOptions) {
    this.#options = options;
    this.#network = this.#addresses();
    for (const account of options.accounts) this.#open(account);
    const watched = options.accounts.length > 0;
    this.#watch = watched ? setInterval(() => this.#look(), LOOK_EVERY_MS).unref() : undefined;
  }

  get views(): readonly AccountView[] {
    return [...this.#views.values()];
  }

  /** The addresses, and the names they have. */
  get identities(): readonly NonNullable<CallerIdentity>[] {
    return this.#options.accounts.map(identityOf);
  }

  /** Whose name a call to `target` is made in: the account of that domain, else the first; undefined without accounts. */
  identityFor(target: SipUri): Exclude<CallerIdentity, undefined> | undefined {
    const { accounts } = this.#options;
    const domain = domainOf(target);
    const account = accounts.find(({ aor }) => domainOf(aor) === domain) ?? accounts[0];
    return account && identityOf(account);
  }

  /** Says goodbye to every registrar; resolves when they heard it or are given up. */
  async close(): Promise<void> {
    clearInterval(this.#watch);
    await Promise.all([...this.#registrations.values()].map((one) => one.close()));
  }

  #open(account: RegisterOptions): void {
    const { aor } = account;
    const registration = this.#options.register({
      ...account,
      onState: (state, failure) => {
        const why = failure && { sip: failure.status, reason: failure.reason };
        const view: AccountView = { id: aor, state, ...why };
        this.#views.set(aor, view);
        this.onChange(view);
      },
    });
    this.#registrations.set(aor, registration);
  }

  #look(): void {
    const now = this.#addresses();
    if (now === this.#network) return;
    this.#network = now;
    for (const registration of this.#registrations.values()) registration.renew();
  }

  #addresses(): string {
    const { interfaces = networkInterfaces } = this.#options;
    const all = Object.values(interfaces()).flatMap((addresses) => addresses ?? []);
    return all
      .map(({ address }) => address)
      .sort()
      .join(" ");
  }
}

function identityOf({ aor, displayName }: RegisterOptions): NonNullable<CallerIdentity> {
  return { uri: aor, ...(displayName !== undefined && { name: displayName }) };
}

function domainOf(uri: SipUri): string {
  const { host = "", port = "" } = parseUri(uri) ?? {};
  return `${host}:${port}`;
}
