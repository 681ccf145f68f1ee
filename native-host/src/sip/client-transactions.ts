/** The client transactions of one stack: the one a response belongs to, and those that are open (RFC 3261 §17.1). */
import { type ClientTable, inviteClientStates, requestClientStates } from "./client-states.ts";
import { Client, type ClientHome } from "./client-transaction.ts";
import { Forgetful } from "./forgetful.ts";
import type { Limits } from "./limits.ts";
import type { Hop, SipRequest, SipResponse } from "./message.ts";
import type { Outbound } from "./outbound.ts";
import { SipError } from "./sip-error.ts";
import type { Timers } from "./timers.ts";
import { clientKey } from "./transaction.ts";

export interface ClientsOptions {
  readonly outbound: Outbound;
  readonly limits: Limits;
  readonly timers: Timers;
  onError(error: Error): void;
}

/** So many requests of ours may be open for each of theirs: a proxy forks. */
const ASKED_FOR_EACH = 1.5;

export class ClientTransactions implements ClientHome {
  readonly #options: ClientsOptions;
  readonly #tables: Record<"invite" | "request", readonly [unreliable: ClientTable, reliable: ClientTable]>;
  readonly #clients = new Map<string, Client>();
  /** INVITEs with their final response, which wait for its copies. */
  readonly #waiting: Forgetful<Client>;

  constructor(options: ClientsOptions) {
    this.#options = options;
    const { timers, limits } = options;
    this.#tables = {
      invite: [inviteClientStates(timers, false), inviteClientStates(timers, true)],
      request: [requestClientStates(timers, false), requestClientStates(timers, true)],
    };
    this.#waiting = new Forgetful(limits.answered, (oldest) => oldest.forget());
  }

  /** Whether so many requests wait for their answer that no new one should go out. */
  get tooMany(): boolean {
    return this.#clients.size - this.#waiting.size >= ASKED_FOR_EACH * this.#options.limits.transactions;
  }

  open(request: SipRequest, branch: string, onResponse: (response: SipResponse) => void): Client {
    const guarded = (response: SipResponse) => this.#guard(() => onResponse(response));
    const client = new Client(request, this, { branch, onResponse: guarded });
    this.#clients.set(keyOf(client), client);
    return client;
  }

  /** A stray response has nobody waiting for it (RFC 3261 §18.1.2). */
  receive(response: SipResponse): void {
    this.#clients.get(clientKey(response))?.receive(response);
  }

  /** The connection to this hop is gone: whoever waits for an answer over it need not wait any longer. */
  disconnected(hop: Hop): void {
    for (const client of [...this.#clients.values()]) client.disconnected(hop);
  }

  close(): void {
    const closed = new SipError(503, "Stack Closed");
    for (const client of [...this.#clients.values()]) client.fail(closed);
  }

  states(method: string, reliable: boolean): ClientTable {
    return this.#tables[method === "INVITE" ? "invite" : "request"][reliable ? 1 : 0];
  }

  transmit(request: SipRequest, hop: Hop, onFailed: (error: SipError) => void): void {
    this.#options.outbound.transmit(request, hop, onFailed);
  }

  textOf(request: SipRequest): string | undefined {
    return this.#options.outbound.textOf(request);
  }

  again(text: string, hop: Hop): void {
    this.#options.outbound.again(text, () => hop);
  }

  cancel(cancel: SipRequest, hop: Hop, branch: string): void {
    this.open(cancel, branch, () => {}).start(cancel, hop);
  }

  answered(client: Client): void {
    // A copy of any other response is as good as a stray one: nothing is done about it.
    if (client.method !== "INVITE") client.forget();
    else if (this.#clients.get(keyOf(client))) this.#waiting.keep(client);
  }

  ended(client: Client): void {
    this.#clients.delete(keyOf(client));
    this.#waiting.ended(client);
  }

  /** What an owner throws is reported, and stops nothing else. */
  #guard(callback: () => void): void {
    try {
      callback();
    } catch (cause) {
      this.#options.onError(new Error("owner failed", { cause }));
    }
  }
}

function keyOf({ branch, method }: Client): string {
  return `${branch.toLowerCase()} ${method}`;
}
