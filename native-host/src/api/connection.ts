/** One client of the XML API, from its documents to the service and back, whatever carries them. */
import { ServiceError } from "../errors.ts";
import { formatXml, parseXml, type XmlElement } from "../xml/strict.ts";
import { answered, failureOf, refused } from "./answers.ts";
import type { CallControl, ClientId, Right } from "./call-control.ts";
import { API_NAMESPACE, type Command, type Request } from "./command.ts";
import { Deadline } from "./deadline.ts";
import type { Departed, Return } from "./departed.ts";
import { eventElement } from "./events.ts";
import { type Context, dispatch, type Greeting } from "./handlers.ts";
import { type OpenRequest, OpenRequests } from "./open-requests.ts";
import { Pace } from "./pace.ts";
import { Subscriptions } from "./subscriptions.ts";
import { defaultTimeoutMs } from "./timeouts.ts";
import { readRequest } from "./xml.ts";

/** The way back to the client. */
export interface Wire {
  send(document: string): void;
  /** Bytes the client has not taken yet. */
  readonly queuedBytes: number;
  /** Ends the connection once everything is sent. */
  end(): void;
  /** Ends it at once. */
  cut(): void;
}

/** Where mistakes of our own are written; a pino logger is one. */
export interface Log {
  info(details: object, message: string): void;
  error(details: object, message: string): void;
}

export interface ConnectionOptions {
  readonly client: ClientId;
  readonly rights: readonly Right[];
  readonly service: CallControl;
  /** Those who were here before, and how this one comes back; it cannot when missing. */
  readonly departed?: Departed;
  readonly resume?: Return;
  /** Name and version, for Welcome. */
  readonly name: string;
  readonly wire: Wire;
  readonly log?: Log;
}

/** Above this many unread bytes the client is cut; above a quarter, rosters and talkers wait. */
const MAX_QUEUED_BYTES = 1_048_576;
const CONGESTED_BYTES = MAX_QUEUED_BYTES / 4;
const MAX_OPEN_REQUESTS = 64;
/** Refusals that wait behind an older command without `req`; a client that piles up more is cut. */
const MAX_WAITING = 1024;

export class ClientConnection {
  readonly #options: ConnectionOptions;
  readonly #requests: OpenRequests;
  readonly #subscriptions: Subscriptions;
  readonly #pace = new Pace();
  #seq = 0;
  /** It knows its handle from Welcome, and may come back by it. */
  #introduced = false;
  #left = false;
  #first = true;
  /** Answers carry our namespace once the client has used it. */
  #namespaced = false;
  #state: "open" | "finishing" | "closed" = "open";

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#requests = new OpenRequests((document) => this.#send(document));
    this.#subscriptions = new Subscriptions({
      send: (sub, happened) => this.#sendEvent(sub, happened),
      congested: () => options.wire.queuedBytes > CONGESTED_BYTES,
    });
    options.service.clientCame(options.client, options.rights);
  }

  /** One document of the client. */
  receive(text: string): void {
    const first = this.#first;
    this.#first = false;
    if (this.#state !== "open" || text.trim() === "") return;
    if (first && this.#readBridge(text)) return;
    if (this.#requests.count > MAX_WAITING) {
      this.#cut();
      return;
    }
    const incoming = readRequest(text);
    this.#namespaced ||= incoming.namespaced;
    const open = this.#requests.open(incoming.req);
    if (!open) {
      this.#send(
        refused(incoming.req, failureOf(new ServiceError("duplicate-request", [incoming.req ?? ""]))),
      );
    } else if ("refusal" in incoming) {
      open.settle(refused(open.req, failureOf(incoming.refusal)));
    } else {
      void this.#run(incoming.request, open);
    }
  }

  /** A document that could not even be read from the wire. */
  refuse(why: string): void {
    if (this.#requests.count > MAX_WAITING) this.#cut();
    const open = this.#state === "open" ? this.#requests.open(undefined) : undefined;
    open?.settle(refused(undefined, failureOf(new ServiceError("bad-xml", [why]))));
  }

  /** The client says no more: its prompts are cancelled, its open commands still answered, then the wire ends. */
  finish(): void {
    if (this.#state !== "open") return;
    this.#state = "finishing";
    this.#options.service.clientGone(this.#options.client);
    this.#endWhenIdle();
  }

  /** The wire is gone: nothing more is said, calls go on. */
  close(): void {
    const told = this.#state === "finishing";
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#leaveSubscriptions();
    if (!told) this.#options.service.clientGone(this.#options.client);
  }

  /** The service ends: every open command is answered `shutting-down`. */
  shutDown(): void {
    if (this.#state === "closed") return;
    this.#state = "finishing";
    const failure = failureOf(new ServiceError("shutting-down", []));
    this.#requests.settleAll((req, call) => refused(req, failure, call));
    this.#left = true;
    this.#subscriptions.close();
    this.#options.wire.end();
  }

  /** The client has taken everything that was queued. */
  drained(): void {
    this.#subscriptions.drained();
  }

  /** A bridge says first which extension started it (`<Bridge origin="…"/>`); there is no answer to that. */
  #readBridge(text: string): boolean {
    if (!text.startsWith("<Bridge")) return false;
    try {
      const { origin } = parseXml(text).attributes;
      const { client, rights, service, log } = this.#options;
      log?.info({ client, origin }, "a browser is connected");
      // What pages may drive sends no SIP of its own (promise W7).
      service.clientCame(
        client,
        rights.filter((right) => right !== "tunnel"),
      );
      return true;
    } catch {
      return false;
    }
  }

  async #run(request: Request, open: OpenRequest): Promise<void> {
    try {
      if (this.#requests.count > MAX_OPEN_REQUESTS) {
        throw new ServiceError("limit-exceeded", [`${MAX_OPEN_REQUESTS} commands of one client at a time`]);
      }
      const { command, timeoutMs = defaultTimeoutMs(command) } = request;
      this.#pace.take(command.name);
      using deadline = new Deadline(timeoutMs, () => noAnswer(command));
      const work = dispatch(command, this.#context(deadline.signal, open));
      const answer = await Promise.race([work, deadline.late]);
      open.settle(answered(open.req, answer), answer.afterwards);
    } catch (thrown) {
      this.#fail(thrown, open);
    }
    if (this.#state === "finishing") this.#endWhenIdle();
  }

  #fail(thrown: unknown, open: OpenRequest): void {
    const failure = failureOf(thrown);
    if (failure.code === "internal")
      this.#options.log?.error({ err: thrown }, "a command failed by our own mistake");
    open.settle(refused(open.req, failure, open.call));
    if (failure.code === "unsupported-version") this.finish();
  }

  #context(signal: AbortSignal, open: OpenRequest): Context {
    return {
      service: this.#options.service,
      client: this.#options.client,
      signal,
      introduce: (former) => this.#introduce(former),
      onAccepted: (call) => open.accept(call),
      tell: (happened) => this.#sendEvent(undefined, happened),
      subscribe: (wish, follow) => {
        // Messages name the dialogs of every call; who knows them could take the calls over.
        if (wish.topic === "trace" && !this.#options.rights.includes("tunnel"))
          throw new ServiceError("forbidden", ["see the SIP messages"]);
        return this.#subscriptions.open(wish, follow);
      },
      unsubscribe: (sub) => this.#subscriptions.end(sub),
    };
  }

  /** Welcome: a client that was here before goes on with its numbers and may resume its subscriptions. */
  #introduce(former: Return | undefined): Greeting {
    this.#introduced = true;
    const { name: service, resume, departed } = this.#options;
    const estate = former === undefined ? undefined : departed?.take(former);
    if (estate) {
      this.#seq = Math.max(this.#seq, estate.seq);
      this.#subscriptions.adopt(estate.retired);
    }
    return { service, seq: this.#seq, resume };
  }

  #leaveSubscriptions(): void {
    const { resume, departed } = this.#options;
    if (this.#left) return;
    this.#left = true;
    if (this.#introduced && departed && resume !== undefined)
      departed.add(resume, { seq: this.#seq, retired: this.#subscriptions.retire() });
    else this.#subscriptions.close();
  }

  #sendEvent(sub: string | undefined, happened: XmlElement): number {
    if (this.#state === "closed") return this.#seq;
    this.#seq += 1;
    this.#send(eventElement(this.#seq, sub, happened));
    return this.#seq;
  }

  #send(document: XmlElement): void {
    if (this.#state === "closed") return;
    const { wire } = this.#options;
    wire.send(formatXml(this.#namespaced ? { ...document, namespace: API_NAMESPACE } : document));
    if (wire.queuedBytes > MAX_QUEUED_BYTES) this.#cut();
  }

  #cut(): void {
    this.close();
    this.#options.wire.cut();
  }

  #endWhenIdle(): void {
    if (this.#requests.count > 0) return;
    this.#leaveSubscriptions();
    this.#options.wire.end();
  }
}

function noAnswer(command: Command): ServiceError {
  return new ServiceError("no-answer", ["target" in command ? command.target : "The service"]);
}
