/** The transactions of one stack: what comes goes to the one it belongs to, what goes out gets one (RFC 3261 §17). */
import type { Client } from "./client-transaction.ts";
import { ClientTransactions } from "./client-transactions.ts";
import type { Printable } from "./codec.ts";
import { Failover, Unwell } from "./failover.ts";
import type { Limits } from "./limits.ts";
import type { Hop, SipMessage, SipRequest, SipResponse, Via } from "./message.ts";
import type { Outbound, Routed, Trace } from "./outbound.ts";
import type { Targets } from "./resolver.ts";
import { ServerTransactions } from "./server-transactions.ts";
import { asSipError, SipError } from "./sip-error.ts";
import type { Timers } from "./timers.ts";
import { type ClientTransaction, newBranch, type ServerTransaction } from "./transaction.ts";

export interface TransactionOptions {
  readonly limits: Limits;
  readonly timers: Timers;
  onRequest(request: SipRequest, transaction: ServerTransaction): void;
  onAck(ack: SipRequest, source: Hop): void;
  readonly onTrace: Trace;
  onError(error: Error): void;
}

/** Made once, for in a flood an error takes longer to make than to send. */
const TOO_MANY = new SipError(503, "Too Many Requests Open");

type OnResponse = (response: SipResponse) => void;

export class TransactionLayer {
  readonly #outbound: Outbound;
  readonly #options: TransactionOptions;
  readonly #clients: ClientTransactions;
  readonly #servers: ServerTransactions;
  readonly #unwell = new Unwell();
  #closed = false;

  constructor(outbound: Outbound, options: TransactionOptions) {
    this.#outbound = outbound;
    this.#options = options;
    this.#clients = new ClientTransactions({ ...options, outbound });
    this.#servers = new ServerTransactions({ ...options, outbound });
  }

  receive(message: SipMessage, source: Hop): void {
    if (this.#closed) return;
    this.#options.onTrace("in", message, source);
    if (!("method" in message)) this.#clients.receive(message);
    else if (message.method === "ACK") this.#receiveAck(message, source);
    else this.#servers.receive(message, source);
  }

  refuse(refusal: Printable, via: Via, source: Hop): void {
    if (!this.#closed) this.#outbound.refuse(refusal, this.#outbound.wayBack(via, source));
  }

  send(request: SipRequest, onResponse: OnResponse, hop?: Hop, mark?: string): ClientTransaction {
    const open = (heard: OnResponse) => this.#clients.open(request, newBranch(mark), heard);
    if (this.#closed) return failing(open(onResponse), new SipError(503, "Stack Closed"));
    // New work is refused, old work goes on (promise F12).
    if (this.#clients.tooMany && !request.headers.to.params["tag"])
      return failing(open(onResponse), TOO_MANY);
    try {
      const targets = hop ? { hops: [hop], named: true } : this.#outbound.targets(request);
      const [only, another] = targets instanceof Promise ? [] : targets.hops;
      if (targets instanceof Promise || !only || another)
        return this.#tryAll(request, targets, open, onResponse);
      const client = open(onResponse);
      this.#start(client, request, only, targets.named);
      return client;
    } catch (cause) {
      return failing(open(onResponse), asSipError(cause));
    }
  }

  sendStateless(message: SipMessage, hop?: Hop): void {
    const onFailed = (error: Error) => this.#options.onError(error);
    if ("method" in message) {
      this.#sendOnce(message, hop, onFailed);
      return;
    }
    const back = hop ?? this.#outbound.wayBackOf(message);
    if (back) this.#outbound.transmit(message, back, onFailed);
    else onFailed(new SipError(503, "No Via"));
  }

  /** The connection to this hop is gone. */
  disconnected(hop: Hop): void {
    this.#clients.disconnected(hop);
  }

  close(): void {
    this.#closed = true;
    this.#clients.close();
    this.#servers.close();
  }

  #receiveAck(ack: SipRequest, source: Hop): void {
    if (this.#servers.acknowledge(ack, source)) return;
    try {
      this.#options.onAck(ack, source);
    } catch (cause) {
      this.#options.onError(new Error("owner failed", { cause }));
    }
  }

  #tryAll(
    request: SipRequest,
    targets: Targets | Promise<Targets>,
    open: (heard: OnResponse) => Client,
    onResponse: OnResponse,
  ): ClientTransaction {
    const failover = new Failover({
      unwell: this.#unwell,
      open,
      start: (client, hop, named) => this.#start(client, request, hop, named),
      onResponse,
      closed: () => this.#closed,
    });
    if (!(targets instanceof Promise)) failover.start(targets);
    else
      targets.then(
        (found) => failover.start(found),
        (cause: unknown) => failover.fail(asSipError(cause)),
      );
    return failover;
  }

  #start(client: Client, request: SipRequest, hop: Hop, named: boolean): void {
    this.#outbound.route(
      { request, branch: client.branch, hop, named },
      {
        onRouted: (routed) => client.start(routed.request, routed.hop),
        onFailed: (error) => client.fail(error),
      },
    );
  }

  /** A request that nobody answers: the ACK of a 2xx. */
  #sendOnce(request: SipRequest, hop: Hop | undefined, onFailed: (error: Error) => void): void {
    const go = ({ hops, named }: Targets) => {
      const [first] = this.#unwell.last(hops);
      if (!first) return;
      const onRouted = (routed: Routed) => this.#outbound.transmit(routed.request, routed.hop, onFailed);
      this.#outbound.route({ request, branch: newBranch(), hop: first, named }, { onRouted, onFailed });
    };
    try {
      const targets = hop ? { hops: [hop], named: true } : this.#outbound.targets(request);
      if (targets instanceof Promise) targets.then(go).catch((cause: unknown) => onFailed(asSipError(cause)));
      else go(targets);
    } catch (cause) {
      onFailed(asSipError(cause));
    }
  }
}

/** A transaction that fails once its owner has it. */
function failing(client: Client, error: SipError): Client {
  queueMicrotask(() => client.fail(error));
  return client;
}
