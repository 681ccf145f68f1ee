/** The transactions of one stack: finds the one a message belongs to, or opens it (RFC 3261 §17). */
import { Client, type ClientWiring, inviteClientStates, requestClientStates } from "./client-transaction.ts";
import type { Printable } from "./codec.ts";
import { Failover, Unwell } from "./failover.ts";
import { Forgetful } from "./forgetful.ts";
import type { Limits } from "./limits.ts";
import {
  type Hop,
  isReliable,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  type Via,
} from "./message.ts";
import type { Outbound, Routed, Trace } from "./outbound.ts";
import type { Targets } from "./resolver.ts";
import { buildResponse, withTag } from "./response.ts";
import { inviteServerStates, requestServerStates, Server } from "./server-transaction.ts";
import { asSipError, SipError } from "./sip-error.ts";
import type { Timers } from "./timers.ts";
import {
  type ClientTransaction,
  clientKey,
  newBranch,
  type ServerTransaction,
  serverKey,
} from "./transaction.ts";

export interface TransactionOptions {
  readonly limits: Limits;
  readonly timers: Timers;
  onRequest(request: SipRequest, transaction: ServerTransaction): void;
  onAck(ack: SipRequest, source: Hop): void;
  readonly onTrace: Trace;
  onError(error: Error): void;
}

/** How long an owner that is full asks its peer to stay away, seconds (RFC 3261 §20.33). */
const RETRY_AFTER_S = "5";

/** Nobody hears it: it has been answered. Made once, for an error takes longer to make than to send. */
const FORGOTTEN = new SipError(503, "Forgotten");

/** So many requests of ours may be open for each of theirs: a proxy forks. */
const ASKED_FOR_EACH = 1.5;

export class TransactionLayer {
  readonly #outbound: Outbound;
  readonly #options: TransactionOptions;
  readonly #tables: Tables;
  readonly #clients = new Map<string, Client>();
  readonly #servers = new Map<string, Server>();
  readonly #answeredClients: Forgetful<Client>;
  readonly #answeredServers: Forgetful<Server>;
  readonly #unwell = new Unwell();
  #closed = false;

  constructor(outbound: Outbound, options: TransactionOptions) {
    this.#outbound = outbound;
    this.#options = options;
    this.#tables = tablesOf(options.timers);
    const { answered } = options.limits;
    this.#answeredClients = new Forgetful(answered, (client) => client.fail(FORGOTTEN));
    this.#answeredServers = new Forgetful(answered, (server) => server.close());
  }

  receive(message: SipMessage, source: Hop): void {
    if (this.#closed) return;
    this.#options.onTrace("in", message, source);
    if (!("method" in message)) {
      // A stray response has nobody waiting for it (RFC 3261 §18.1.2).
      this.#clients.get(clientKey(message))?.receive(message);
    } else if (message.method === "ACK") this.#receiveAck(message, source);
    else this.#receiveRequest(message, source);
  }

  refuse(refusal: Printable, via: Via, source: Hop): void {
    if (!this.#closed) this.#outbound.refuse(refusal, this.#outbound.wayBack(via, source));
  }

  send(
    request: SipRequest,
    onResponse: (response: SipResponse) => void,
    hop?: Hop,
    mark?: string,
  ): ClientTransaction {
    const open = (heard: typeof onResponse) => this.#openClient(request, newBranch(mark), heard);
    if (this.#closed) return failing(open(onResponse), new SipError(503, "Stack Closed"));
    // New work is refused, old work goes on (promise F12).
    if (this.#asksTooMuch && !request.headers.to.params["tag"])
      return failing(open(onResponse), new SipError(503, "Too Many Requests Open"));
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

  /** The connection to this hop is gone: whoever waits for an answer over it need not wait any longer. */
  disconnected(hop: Hop): void {
    for (const client of [...this.#clients.values()]) client.disconnected(hop);
  }

  close(): void {
    this.#closed = true;
    const closed = new SipError(503, "Stack Closed");
    for (const client of [...this.#clients.values()]) client.fail(closed);
    for (const server of [...this.#servers.values()]) server.close();
  }

  #receiveAck(ack: SipRequest, source: Hop): void {
    const server = this.#servers.get(keyOver(source, ack));
    if (server?.acknowledge()) return;
    this.#guard(() => this.#options.onAck(ack, source));
  }

  #receiveRequest(request: SipRequest, source: Hop): void {
    const key = keyOver(source, request);
    const known = this.#servers.get(key);
    if (known) known.repeat(source);
    else if (this.#isFull) this.#sendAway(request, source);
    else this.#open(request, source, key);
  }

  get #asksTooMuch(): boolean {
    return (
      this.#clients.size - this.#answeredClients.size >= ASKED_FOR_EACH * this.#options.limits.transactions
    );
  }

  get #isFull(): boolean {
    return this.#servers.size - this.#answeredServers.size >= this.#options.limits.transactions;
  }

  #open(request: SipRequest, source: Hop, key: string): void {
    const server = this.#openServer(request, source, key);
    if (request.method === "CANCEL") {
      this.#receiveCancel(request, server);
      return;
    }
    try {
      this.#options.onRequest(request, server);
    } catch (cause) {
      this.#options.onError(new Error(`owner failed on ${request.method}`, { cause }));
      server.respond(answer(request, 500));
    }
  }

  /** RFC 3261 §9.2: the CANCEL is answered by itself, whatever becomes of the INVITE. */
  #receiveCancel(cancel: SipRequest, server: Server): void {
    const invite = this.#servers.get(keyOver(server.source, cancel, "INVITE"));
    server.respond(answer(cancel, invite ? 200 : 481, invite?.toTag));
    if (invite) this.#guard(() => invite.cancelled());
  }

  #openServer(request: SipRequest, source: Hop, key: string): Server {
    const reliable = isReliable(source.protocol);
    const [via] = request.headers.via;
    const server = new Server(request, source, {
      table: this.#tables.server[request.method === "INVITE" ? "invite" : "request"][reliable ? 1 : 0],
      transmit: (response, from) => {
        // A response goes back the way its request came, whatever Via its owner gave it.
        const own =
          response.headers.via === request.headers.via
            ? response
            : { ...response, headers: { ...response.headers, via: request.headers.via } };
        this.#outbound.transmit(own, this.#outbound.wayBack(via, from), () => {});
        if (response.status >= 200) this.#answeredServers.keep(server);
      },
      onEnd: () => {
        this.#servers.delete(key);
        this.#answeredServers.ended(server);
      },
    });
    this.#servers.set(key, server);
    return server;
  }

  #sendAway(request: SipRequest, source: Hop): void {
    const response = buildResponse(request, 503, { headers: { "retry-after": RETRY_AFTER_S } });
    this.#outbound.transmit(response, this.#outbound.wayBack(request.headers.via[0], source), () => {});
  }

  #openClient(request: SipRequest, branch: string, onResponse: (response: SipResponse) => void): Client {
    const key = clientKeyOf(branch, request.method);
    const wiring: ClientWiring = {
      states: (method, reliable) =>
        this.#tables.client[method === "INVITE" ? "invite" : "request"][reliable ? 1 : 0],
      transmit: (sent, hop, onFailed) => this.#outbound.transmit(sent, hop, onFailed),
      cancel: (cancel, hop) => this.#openClient(cancel, branch, () => {}).start(cancel, hop),
      onResponse: (response) => {
        if (response.status >= 200 && this.#clients.has(key)) this.#answeredClients.keep(client);
        this.#guard(() => onResponse(response));
      },
      onEnd: () => {
        this.#clients.delete(key);
        this.#answeredClients.ended(client);
      },
    };
    const client = new Client(request, wiring, branch);
    this.#clients.set(key, client);
    return client;
  }

  #tryAll(
    request: SipRequest,
    targets: Targets | Promise<Targets>,
    open: (heard: (response: SipResponse) => void) => Client,
    onResponse: (response: SipResponse) => void,
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

  /** What an owner throws is reported, and stops nothing else. */
  #guard(callback: () => void): void {
    try {
      callback();
    } catch (cause) {
      this.#options.onError(new Error("owner failed", { cause }));
    }
  }
}

type ByTransport<Table> = readonly [unreliable: Table, reliable: Table];

interface Tables {
  readonly client: Record<"invite" | "request", ByTransport<ReturnType<typeof inviteClientStates>>>;
  readonly server: Record<"invite" | "request", ByTransport<ReturnType<typeof inviteServerStates>>>;
}

function tablesOf(timers: Timers): Tables {
  return {
    client: {
      invite: [inviteClientStates(timers, false), inviteClientStates(timers, true)],
      request: [requestClientStates(timers, false), requestClientStates(timers, true)],
    },
    server: {
      invite: [inviteServerStates(timers, false), inviteServerStates(timers, true)],
      request: [requestServerStates(timers, false), requestServerStates(timers, true)],
    },
  };
}

/** An answer of the stack's own, with the owner's tag where it has given one. */
function answer(request: SipRequest, status: number, tag?: string): SipResponse {
  const { to } = request.headers;
  const tagged = tag ? { ...to, params: { ...to.params, tag } } : withTag(to, serverKey(request));
  return buildResponse(request, status, { headers: { to: tagged } });
}

/** A transaction that fails once its owner has it. */
function failing(client: Client, error: SipError): Client {
  queueMicrotask(() => client.fail(error));
  return client;
}

/** A copy comes by the transport of its request: what comes by another is a request of its own. */
function keyOver({ protocol }: Hop, request: SipRequest, method?: string): string {
  return `${protocol} ${serverKey(request, method)}`;
}

function clientKeyOf(branch: string, method: string): string {
  return `${branch.toLowerCase()} ${method}`;
}
