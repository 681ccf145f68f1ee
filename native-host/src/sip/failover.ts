/** One request, sent to one server after another until one of them takes it (RFC 3263 §4.3). */
import type { Client } from "./client-transaction.ts";
import { seconds } from "./header-values.ts";
import { type Hop, type SipResponse, textHeader } from "./message.ts";
import type { Targets } from "./resolver.ts";
import { isMadeUp } from "./response.ts";
import type { SipError } from "./sip-error.ts";
import type { ClientTransaction } from "./transaction.ts";

/** A server that did not answer, or could not be reached, is tried last for this long, seconds. */
const SILENT_S = 30;
/** However long a server asks to be left alone, it is tried last no longer than this, seconds. */
const LONGEST_S = 3600;
/** More servers than this are not remembered: the oldest is forgiven. */
const MOST = 1000;

/** Servers that are down or asked for a pause; they are tried last meanwhile. */
export class Unwell {
  readonly #untilMs = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  note(hop: Hop, forS: number): void {
    const key = keyOf(hop);
    this.#untilMs.delete(key);
    for (const oldest of this.#untilMs.keys()) {
      if (this.#untilMs.size < MOST) break;
      this.#untilMs.delete(oldest);
    }
    this.#untilMs.set(key, this.#now() + Math.min(forS, LONGEST_S) * 1000);
  }

  forgive(hop: Hop): void {
    if (this.#untilMs.size > 0) this.#untilMs.delete(keyOf(hop));
  }

  /** The same servers, those that are well first. */
  last(hops: readonly Hop[]): readonly Hop[] {
    if (this.#untilMs.size === 0) return hops;
    const ill = hops.filter((hop) => (this.#untilMs.get(keyOf(hop)) ?? 0) > this.#now());
    return ill.length === 0 ? hops : [...hops.filter((hop) => !ill.includes(hop)), ...ill];
  }
}

/** What trying needs of the transaction layer. */
export interface FailoverWiring {
  readonly unwell: Unwell;
  /** A transaction with a new branch that has sent nothing yet. */
  open(onResponse: (response: SipResponse) => void): Client;
  /** Sends the request of this transaction to this server. */
  start(client: Client, hop: Hop, named: boolean): void;
  readonly onResponse: (response: SipResponse) => void;
  /** Whether nothing is sent any more. */
  closed(): boolean;
}

/** To its owner one transaction, whose branch is that of the latest try. */
export class Failover implements ClientTransaction {
  readonly #onResponse: (response: SipResponse) => void;
  /** Let go of, with the request behind it, when there is nothing more to try. */
  #wiring: FailoverWiring | undefined;
  #client: Client;
  #hop: Hop | undefined;
  #left: readonly Hop[] = [];
  #named = false;
  #heard = false;
  #cancelled = false;

  constructor(wiring: FailoverWiring) {
    this.#onResponse = wiring.onResponse;
    this.#wiring = wiring;
    this.#client = this.#open(wiring);
  }

  get branch(): string {
    return this.#client.branch;
  }

  get hop(): Hop | undefined {
    return this.#client.hop;
  }

  cancel(reason?: string): void {
    this.#cancelled = true;
    this.#client.cancel(reason);
  }

  /** The servers are known now. */
  start({ hops, named }: Targets): void {
    if (!this.#wiring) return;
    this.#left = this.#wiring.unwell.last(hops);
    this.#named = named;
    this.#tryNext(this.#wiring);
  }

  /** There are none. */
  fail(error: SipError): void {
    this.#client.fail(error);
  }

  #open(wiring: FailoverWiring): Client {
    const client: Client = wiring.open((response) => this.#hear(client, response));
    return client;
  }

  #tryNext(wiring: FailoverWiring): void {
    const [hop, ...left] = this.#left;
    if (!hop) return;
    this.#hop = hop;
    this.#left = left;
    wiring.start(this.#client, hop, this.#named);
  }

  #hear(client: Client, response: SipResponse): void {
    // Whoever was given up has no say any more.
    if (client !== this.#client) return;
    const wiring = this.#wiring;
    if (wiring && this.#isForTheNext(response, wiring)) {
      this.#client = this.#open(wiring);
      this.#heard = false;
      this.#tryNext(wiring);
      return;
    }
    this.#heard = true;
    if (response.status >= 200) this.#letGo();
    this.#onResponse(response);
  }

  #letGo(): void {
    this.#wiring = undefined;
    this.#left = [];
  }

  #isForTheNext(response: SipResponse, wiring: FailoverWiring): boolean {
    const failed = this.#hasFailed(response, wiring);
    return failed && this.#left.length > 0 && !this.#cancelled && !wiring.closed();
  }

  /** 503, made up or not, or silence; a server that gave any answer before is not silent. */
  #hasFailed(response: SipResponse, { unwell }: FailoverWiring): boolean {
    const hop = this.#hop;
    if (!hop) return false;
    if (isMadeUp(response)) {
      const failed = response.status === 503 || (response.status === 408 && !this.#heard);
      if (failed) unwell.note(hop, SILENT_S);
      return failed;
    }
    if (response.status !== 503) {
      unwell.forgive(hop);
      return false;
    }
    const pauseS = seconds(textHeader(response, "retry-after")?.split(/[;(]/)[0]?.trim());
    if (pauseS !== undefined) unwell.note(hop, pauseS);
    return true;
  }
}

function keyOf({ protocol, address, port }: Hop): string {
  return `${protocol} ${address} ${port}`;
}
