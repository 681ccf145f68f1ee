/** `partyline/client`: the SIP service for programs in TypeScript and JavaScript, over the user's own socket. */
import { setTimeout as delay } from "node:timers/promises";
import type { Topic } from "../api/call-control.ts";
import { ApiClient, RefusedError } from "../api/client.ts";
import { connectToService, reachService, ServiceGoneError, startService } from "../api/reach-service.ts";
import { runtimeDir } from "../environment.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { type CommandName, type Commands, commandElement, readResult } from "./commands.ts";
import { type Happened, readFailure, readHappened } from "./views.ts";

export interface ConnectOptions {
  /** Directory of the service's socket; that of the environment when missing. */
  readonly runtimeDir?: string;
  /** Start the service if nobody answers; false when missing. */
  readonly start?: boolean;
  /** Come back by itself when the connection is lost; true when missing. */
  readonly reconnect?: boolean;
  /** Ends the client. */
  readonly signal?: AbortSignal;
  /** What the service's log calls this client. */
  readonly name?: string;
}

export interface RequestOptions {
  /** Gives the command up; a call it was making is hung up. */
  readonly signal?: AbortSignal;
  /** How long the service may take. */
  readonly timeoutMs?: number;
  /** The call has a handle. */
  readonly onAccepted?: (call: string) => void;
}

export interface FollowOptions {
  /** The conference; for roster, talking and presence that of the current call when missing. */
  readonly id?: string;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

interface Followed {
  readonly topic: Topic;
  readonly id: string | undefined;
  readonly listener: (happened: Happened) => void;
  sub: string | undefined;
  /** The number of its last event. */
  seen: number;
}

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5_000;
/** Commands that make a call, which is of no use when nobody waits for it. */
const CALLING: readonly CommandName[] = ["Join", "ExternalJoin"];

export class PartylineClient {
  readonly #options: ConnectOptions;
  readonly #followed = new Set<Followed>();
  readonly #over = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  #connection: Promise<ApiClient>;
  #resume: string | undefined;
  #seq = 0;
  /** Hears what is addressed to this client itself: Tunnel. */
  onEvent: ((happened: Happened) => void) | undefined;

  /** Resolves once the service has said Welcome. Rejects with ServiceGoneError when there is none. */
  static async connect(options: ConnectOptions = {}): Promise<PartylineClient> {
    options.signal?.throwIfAborted();
    const client = new PartylineClient(options);
    await client.#connection;
    return client;
  }

  private constructor(options: ConnectOptions) {
    this.#options = options;
    this.#connection = this.#connect(options.start ?? false);
    options.signal?.addEventListener("abort", () => this.close(), { once: true, signal: this.#over.signal });
  }

  /** Resolves when the client is closed, or has lost its service for good. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * Sends a command and resolves with what its Result says. Rejects with RefusedError (`code`, a sentence in `message`)
   * when the service refuses, with ServiceGoneError when it goes away before it answers.
   */
  async send<Name extends CommandName>(
    name: Name,
    ...[wish, options = {}]: Args<Name>
  ): Promise<Commands[Name]["result"]> {
    options.signal?.throwIfAborted();
    const element = commandElement(name, wish ?? {}, options.timeoutMs);
    const connection = await this.#connection;
    const result = await givenUp(connection, name, element, options);
    return readResult(name, result);
  }

  /** Hears what happens: first how things are, then every change, also over a lost connection. */
  async follow(
    topic: Topic,
    listener: (happened: Happened) => void,
    options: FollowOptions = {},
  ): Promise<void> {
    const connection = await this.#connection;
    options.signal?.throwIfAborted();
    const followed: Followed = { topic, id: options.id, listener, sub: undefined, seen: 0 };
    this.#followed.add(followed);
    options.signal?.addEventListener("abort", () => void this.#leave(followed), { once: true });
    try {
      await this.#subscribe(connection, followed, undefined);
    } catch (cause) {
      this.#followed.delete(followed);
      throw cause;
    }
  }

  /** Calls go on; what waits for an answer is rejected. */
  close(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#connection.then(
      (connection) => connection.close(),
      () => undefined,
    );
    this.#closed.resolve();
  }

  async #connect(start: boolean): Promise<ApiClient> {
    const directory = this.#options.runtimeDir ?? runtimeDir();
    const socket = await (start
      ? reachService(directory, () => startService(directory))
      : connectToService(directory));
    const connection = new ApiClient(socket);
    connection.onDocument = (document) => this.#hear(document);
    const { attributes } = await connection.request(
      el("Hello", { versions: "1", client: this.#options.name, resume: this.#resume }),
    );
    this.#resume = attributes["resume"];
    const seq = Number(attributes["seq"]);
    this.#seq = seq;
    if (this.#over.signal.aborted) connection.close();
    for (const followed of this.#followed) await this.#takeUp(connection, followed, seq);
    void connection.closed.then(() => this.#lost());
    return connection;
  }

  /** What the service does not take up again has ended. */
  async #takeUp(connection: ApiClient, followed: Followed, seq: number): Promise<void> {
    try {
      await this.#subscribe(connection, followed, seq < followed.seen ? undefined : followed.seen);
    } catch (cause) {
      if (!(cause instanceof RefusedError)) throw cause;
      this.#followed.delete(followed);
      const error = readFailure(cause.result);
      followed.listener({ name: "Ended", ...(error && { error }) });
    }
  }

  /** Comes back after 50 ms, then ever more slowly; until then commands wait. */
  #lost(): void {
    if (this.#over.signal.aborted) return;
    if (this.#options.reconnect === false) {
      this.#closed.resolve();
      return;
    }
    this.#connection = this.#comeBack();
    this.#connection.catch(() => undefined);
  }

  async #comeBack(): Promise<ApiClient> {
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(2 * wait, LAST_RETRY_MS)) {
      try {
        await delay(wait, undefined, { signal: this.#over.signal });
      } catch (cause) {
        throw new ServiceGoneError("The client was closed.", { cause });
      }
      const connection = await this.#connect(this.#options.start ?? false).catch(() => undefined);
      if (connection) return connection;
    }
  }

  async #subscribe(connection: ApiClient, followed: Followed, since: number | undefined): Promise<void> {
    const { topic, id } = followed;
    // Its events come right behind the Result, before whoever waits for it goes on.
    await connection.request(el("Subscribe", { to: topic, id, since }), {
      onResult: ({ attributes }) => {
        followed.sub = attributes["sub"];
        if (attributes["replayed"] === undefined) followed.seen = this.#seq;
      },
    });
    if (!this.#followed.has(followed)) await this.#leave(followed);
  }

  async #leave(followed: Followed): Promise<void> {
    this.#followed.delete(followed);
    const { sub } = followed;
    followed.sub = undefined;
    if (sub === undefined || this.#over.signal.aborted) return;
    const connection = await this.#connection;
    await connection.request(el("Unsubscribe", { sub })).catch(() => undefined);
  }

  #hear(document: XmlElement): void {
    if (document.name !== "Event") return;
    const { seq, sub } = document.attributes;
    this.#seq = Number(seq);
    const happened = readHappened(document);
    if (!happened) return;
    if (sub === undefined) {
      this.onEvent?.(happened);
      return;
    }
    const followed = [...this.#followed].find((one) => one.sub === sub);
    if (!followed) return;
    followed.seen = this.#seq;
    if (happened.name === "Ended") this.#followed.delete(followed);
    followed.listener(happened);
  }
}

/** Commands that need nothing may be sent by name alone. */
type Args<Name extends CommandName> =
  Partial<Commands[Name]["wish"]> extends Commands[Name]["wish"]
    ? [wish?: Commands[Name]["wish"], options?: RequestOptions]
    : [wish: Commands[Name]["wish"], options?: RequestOptions];

/** The Result, or the reason of the signal; a call that nobody waits for any more is hung up. */
async function givenUp(
  connection: ApiClient,
  name: CommandName,
  element: XmlElement,
  { signal, onAccepted }: RequestOptions,
): Promise<XmlElement> {
  const hangUp = (call: string) => {
    if (CALLING.includes(name)) connection.request(el("Leave", { call })).catch(() => undefined);
  };
  let accepted: string | undefined;
  const work = connection.request(element, {
    onAccepted: (call) => {
      accepted = call;
      if (signal?.aborted) hangUp(call);
      else onAccepted?.(call);
    },
  });
  if (!signal) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => {
    if (accepted !== undefined) hangUp(accepted);
    reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    work.catch(() => undefined);
  }
}

/** What `send` rejects with when the service refuses, for `instanceof`. */
export const Refused = RefusedError;
/** What everything rejects with when there is no service, for `instanceof`. */
export const ServiceGone = ServiceGoneError;
