/** A hostile crowd for one SIP listener: broken messages over UDP and TCP, broken answers to what it asks, and one good peer. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket as Stream } from "node:net";
import { below } from "../random.ts";
import { Mutator } from "./mutator.ts";
import { goodRequest, goodResponse, inDialog, STATUSES, seeds, type Target } from "./seeds.ts";

const HOST = "127.0.0.1";
/** So many peers with an address each: nobody is over a limit of one address. */
const PEERS = 100;
/** Messages between two good ones. */
const BATCH = 200;
/** A stream that swallows all it gets as one body is given up after so many messages. */
const PER_STREAM = 20;
const STREAM_SHARE = 0.2;
/** No answer in this time, tried twice, means that the listener is dead or hangs. */
const DEAD_MS = 10_000;
const WITHIN = ["BYE", "INVITE", "UPDATE", "INFO", "REFER", "PRACK", "ACK", "NOTIFY", "OPTIONS"];

export interface FuzzOptions {
  readonly seed: number;
  readonly target: Target;
  /** Where the crowd can be called; any free port when missing. */
  readonly contactPort?: number;
  /** So many are sent, and the listener still answers. */
  onBatch?(sent: number): void;
}

export interface FuzzResult {
  readonly sent: number;
  /** The slowest answer to a good request right after a batch, milliseconds. */
  readonly slowestMs: number;
}

/** The listener did not answer; what it got last may be the cause. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
  readonly last: readonly Buffer[];

  constructor(last: readonly Buffer[], options?: ErrorOptions) {
    super(`no answer to a good request after ${last.length} broken ones`, options);
    this.last = last;
  }
}

export class Fuzzer {
  readonly #target: Target;
  readonly #options: FuzzOptions;
  readonly #mutator: Mutator;
  readonly #sockets: readonly Socket[];
  readonly #contact: Socket;
  readonly #probe: Socket;
  readonly #streams: (Stream | undefined)[] = new Array(8).fill(undefined);
  #last: Buffer[] = [];
  #written = 0;
  #probes = 0;
  #slowestMs = 0;

  static async open(options: FuzzOptions): Promise<Fuzzer> {
    const sockets = await Promise.all(Array.from({ length: PEERS }, (_, n) => bound(`127.20.0.${n + 1}`)));
    return new Fuzzer(options, sockets, [await bound(HOST, options.contactPort), await bound("127.21.0.1")]);
  }

  private constructor(options: FuzzOptions, sockets: readonly Socket[], [contact, probe]: [Socket, Socket]) {
    this.#options = options;
    this.#target = options.target;
    this.#sockets = sockets;
    this.#contact = contact;
    this.#probe = probe;
    this.#mutator = new Mutator(options.seed, seeds(options.target, this.contactPort));
    contact.on("message", (bytes) => this.#heard(bytes.toString("latin1")));
    for (const socket of sockets) socket.on("error", () => undefined);
  }

  /** Where the crowd can be called. */
  get contactPort(): number {
    return this.#contact.address().port;
  }

  /** Sends so many broken messages. Throws Unanswered. */
  async run(count: number): Promise<FuzzResult> {
    for (let sent = 0; sent < count; sent += BATCH) {
      this.#last = [];
      this.#begin();
      for (let n = Math.min(BATCH, count - sent); n > 0; n--) this.#send(this.#mutator.next());
      await this.answersGood();
      this.#options.onBatch?.(Math.min(sent + BATCH, count));
    }
    return { sent: count, slowestMs: this.#slowestMs };
  }

  /** Sends these bytes alone, and then asks. Throws Unanswered. */
  async replay(bytes: Buffer): Promise<void> {
    this.#last = [bytes];
    this.#sendTo(this.#sockets[0], bytes);
    this.#write(bytes);
    await this.answersGood();
  }

  /** One message from where the crowd can be called. */
  says(text: string): void {
    this.#sendTo(this.#contact, Buffer.from(text));
  }

  /** Asks OPTIONS as a peer who never did any harm. */
  async answersGood(): Promise<void> {
    const startedAt = performance.now();
    const answered = (await this.#ask(DEAD_MS / 2)) || (await this.#ask(DEAD_MS / 2));
    if (!answered) throw new Unanswered(this.#last);
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAt);
  }

  close(): void {
    for (const socket of [...this.#sockets, this.#contact, this.#probe]) socket.close();
    for (const stream of this.#streams) stream?.destroy();
  }

  async #ask(withinMs: number): Promise<boolean> {
    const { port } = this.#probe.address();
    this.#probes++;
    const { host, port: target } = this.#target;
    const id = `good${this.#options.seed}-${this.#probes}`;
    const asked = goodRequest("OPTIONS", id, this.#target, port).replace(
      /^OPTIONS \S+/,
      `OPTIONS sip:${host}:${target}`,
    );
    this.#sendTo(this.#probe, Buffer.from(asked));
    try {
      const signal = AbortSignal.timeout(withinMs);
      for (;;) {
        const [bytes] = await once(this.#probe, "message", { signal });
        if (String(bytes).includes(id)) return true;
      }
    } catch {
      return false;
    }
  }

  /** A good call and a good subscription, whose dialogs the answers of the listener make. */
  #begin(): void {
    const id = () => Math.floor(this.#mutator.random() * 2 ** 48).toString(36);
    for (const method of ["INVITE", "SUBSCRIBE"]) {
      this.#sendTo(this.#contact, Buffer.from(goodRequest(method, id(), this.#target, this.contactPort)));
    }
  }

  #send(bytes: Buffer): void {
    if (this.#mutator.random() < STREAM_SHARE) this.#write(bytes);
    else this.#sendTo(this.#sockets[below(this.#mutator.random, PEERS)], bytes);
  }

  #sendTo(socket: Socket | undefined, bytes: Buffer): void {
    this.#last.push(bytes);
    socket?.send(bytes, this.#target.port, this.#target.host);
  }

  #write(bytes: Buffer): void {
    this.#last.push(bytes);
    this.#written++;
    const at = this.#written % this.#streams.length;
    const known = this.#streams[at];
    const worn = this.#written % (PER_STREAM * this.#streams.length) < this.#streams.length;
    if (worn) known?.destroy();
    const stream = known && !worn && known.writable ? known : this.#connect();
    this.#streams[at] = stream;
    stream.write(bytes);
  }

  #connect(): Stream {
    const { port, host } = this.#target;
    const stream = connect({ port, host, localAddress: `127.22.0.${1 + (this.#written % 250)}` });
    stream.on("error", () => undefined);
    stream.resume();
    return stream;
  }

  /** What the listener asks is answered wrong, and what it answers is followed by wrong requests of the dialog. */
  #heard(text: string): void {
    if (text.startsWith("SIP/2.0 2")) this.#goOn(text);
    else if (!/^(?:SIP|ACK )/.test(text)) this.#answer(text);
  }

  #goOn(response: string): void {
    const method = WITHIN[below(this.#mutator.random, WITHIN.length)] ?? "BYE";
    const bytes = Buffer.from(inDialog(method, response, this.#target, this.contactPort));
    this.#sendTo(this.#contact, this.#mutator.broken(bytes));
  }

  #answer(request: string): void {
    const { random } = this.#mutator;
    for (let times = below(random, 3); times >= 0; times--) {
      const status = STATUSES[below(random, STATUSES.length)] ?? 200;
      const bytes = Buffer.from(goodResponse(request, status, this.contactPort));
      this.#sendTo(this.#contact, random() < 0.3 ? bytes : this.#mutator.broken(bytes));
    }
  }
}

async function bound(address: string, port = 0): Promise<Socket> {
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
  socket.bind(port, address);
  await once(socket, "listening");
  return socket;
}
