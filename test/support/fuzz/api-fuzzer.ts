/** A hostile crowd for the XML API: broken documents over many connections, some at the door that asks for a token, and one good client. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { errorCode, Talker } from "../api-cast.ts";
import { below } from "../random.ts";
import { ApiMutator } from "./api-mutator.ts";
import { type FuzzResult, Unanswered } from "./fuzzer.ts";

/** Documents between two good ones. */
const BATCH = 500;
const CONNECTIONS = 12;
/** The last of them knock at the TCP port. */
const KNOCKING = 2;
/** A connection that keeps its calls and subscriptions is given up after so many documents. */
const PER_CONNECTION = 200;
const DEAD_MS = 10_000;

export interface ApiTarget {
  readonly path: string;
  readonly tcpPort: number;
}

export interface ApiFuzzOptions {
  readonly seed: number;
  readonly target: ApiTarget;
  /** So many are sent, and the service still answers. */
  onBatch?(sent: number): void;
}

interface Connection {
  readonly socket: Socket;
  sent: number;
}

export class ApiFuzzer {
  readonly #options: ApiFuzzOptions;
  readonly #mutator: ApiMutator;
  readonly #connections: (Connection | undefined)[] = new Array(CONNECTIONS).fill(undefined);
  #last: Buffer[] = [];
  #slowestMs = 0;

  constructor(options: ApiFuzzOptions) {
    this.#options = options;
    this.#mutator = new ApiMutator(options.seed);
  }

  /** Sends so many documents. Throws Unanswered. */
  async run(count: number): Promise<FuzzResult> {
    for (let sent = 0; sent < count; sent += BATCH) {
      this.#last = [];
      for (let n = Math.min(BATCH, count - sent); n > 0; n -= 1) await this.#send(this.#mutator.next());
      await this.answersGood();
      this.#options.onBatch?.(Math.min(sent + BATCH, count));
    }
    return { sent: count, slowestMs: this.#slowestMs };
  }

  /** Sends these bytes alone, and then asks. Throws Unanswered. */
  async replay(bytes: Buffer): Promise<void> {
    this.#last = [bytes];
    for (const at of [0, CONNECTIONS - 1]) this.#connection(at).socket.write(bytes);
    await this.answersGood();
  }

  /** Asks as a client who never did any harm. */
  async answersGood(): Promise<void> {
    const startedAt = performance.now();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), DEAD_MS);
    try {
      await Promise.race([
        this.#ask(),
        once(late.signal, "abort").then(() => Promise.reject(new Error("late"))),
      ]);
    } catch (cause) {
      throw new Unanswered(this.#last, { cause });
    } finally {
      clearTimeout(timer);
    }
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAt);
  }

  close(): void {
    for (const connection of this.#connections) connection?.socket.destroy();
  }

  /** Whatever was left open is closed too, so that no limit of the service stops the crowd. */
  async #ask(): Promise<void> {
    const socket = connect(this.#options.target.path);
    await once(socket, "connect");
    const good = new Talker(socket);
    const answers = [
      await good.ask("1", '<Ping req="1"/>'),
      await good.ask("2", '<Leave req="2" all="true"/>'),
      await good.ask("3", '<Join req="3" id="http://films"/>'),
    ];
    await good.end();
    const [ping, leave, join] = answers.map((answer) => errorCode(answer));
    if (ping !== undefined || leave !== undefined || join !== "bad-uri")
      throw new Error(`answered ${ping}, ${leave}, ${join}`);
  }

  async #send(bytes: Buffer): Promise<void> {
    this.#last.push(bytes);
    const connection = this.#connection(below(this.#mutator.random, CONNECTIONS));
    connection.sent += 1;
    // Unread answers hold up what follows, as they should; the crowd reads.
    if (connection.socket.write(bytes)) return;
    const taken = [once(connection.socket, "drain"), once(connection.socket, "close")];
    await Promise.race(taken).catch(() => undefined);
    for (const one of taken) one.catch(() => undefined);
  }

  #connection(at: number): Connection {
    const known = this.#connections[at];
    const worn = known && known.sent >= PER_CONNECTION;
    if (known && !worn && known.socket.writable) return known;
    if (worn && this.#mutator.random() < 0.5) known.socket.end();
    else known?.socket.destroy();
    const { path, tcpPort } = this.#options.target;
    const socket =
      at < CONNECTIONS - KNOCKING ? connect(path) : connect({ host: "127.0.0.1", port: tcpPort });
    socket.on("error", () => undefined);
    socket.resume();
    const connection = { socket, sent: 0 };
    this.#connections[at] = connection;
    return connection;
  }
}
