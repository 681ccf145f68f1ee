/** Peers that write bytes, not messages: what a test needs to be as rude as the network. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket as Stream } from "node:net";
import { connect as connectTls } from "node:tls";

/** What a raw request is made of; each part may be replaced by something worse. */
export interface RawRequest {
  readonly method?: string;
  readonly uri?: string;
  readonly branch?: string;
  readonly via?: string;
  readonly cseq?: string;
  readonly callId?: string;
  readonly to?: string;
  /** Further lines, each without its line end. */
  readonly lines?: readonly string[];
  readonly body?: string;
  /** Content-Length line; of the body when missing, none when "". */
  readonly length?: string;
}

let counter = 0;

/** A good request, as text, of everything `parts` does not replace. */
export function rawRequest(parts: RawRequest = {}): string {
  const { method = "OPTIONS", body = "", lines = [] } = parts;
  const id = ++counter;
  const length = parts.length ?? `Content-Length: ${Buffer.byteLength(body)}`;
  return [
    `${method} ${parts.uri ?? "sip:desk@127.0.0.1"} SIP/2.0`,
    parts.via ?? `Via: SIP/2.0/UDP 127.0.0.1:5999;branch=${parts.branch ?? `z9hG4bK-raw-${id}`};rport`,
    "From: <sip:alice@example.org>;tag=a1",
    parts.to ?? "To: <sip:desk@example.org>",
    `Call-ID: ${parts.callId ?? `raw-${id}@example.org`}`,
    parts.cseq ?? `CSeq: 1 ${method}`,
    "Max-Forwards: 70",
    ...lines,
    ...(length === "" ? [] : [length]),
    "",
    body,
  ].join("\r\n");
}

/** Texts as they arrive, each handed out once, in order. */
class Inbox {
  readonly #texts: string[] = [];
  #waiting: ((text: string) => void) | undefined;

  put(text: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(text);
    else this.#texts.push(text);
  }

  next(): Promise<string> {
    const text = this.#texts.shift();
    if (text !== undefined) return Promise.resolve(text);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  get size(): number {
    return this.#texts.length;
  }
}

/** A UDP socket that sends any bytes to one SIP port. */
export class RawUdp {
  readonly #socket: Socket;
  readonly #target: number;
  readonly #inbox = new Inbox();
  #bytes = 0;

  static async open(target: number, host = "127.0.0.1"): Promise<RawUdp> {
    const socket = createSocket("udp4");
    socket.bind(0, host);
    await once(socket, "listening");
    return new RawUdp(socket, target);
  }

  private constructor(socket: Socket, target: number) {
    this.#socket = socket;
    this.#target = target;
    socket.on("message", (bytes) => {
      this.#bytes += bytes.length;
      this.#inbox.put(bytes.toString("utf8"));
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** All that came so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many messages came that nobody has asked for. */
  get unread(): number {
    return this.#inbox.size;
  }

  send(bytes: string | Buffer): void {
    this.#socket.send(bytes, this.#target, "127.0.0.1");
  }

  next(): Promise<string> {
    return this.#inbox.next();
  }

  /** The next one that begins so, whatever came before it. */
  async nextThat(begins: string): Promise<string> {
    for (;;) {
      const text = await this.next();
      if (text.startsWith(begins)) return text;
    }
  }

  /** The answer to the request with this Call-ID, whatever came before it. */
  async answerTo(callId: string): Promise<string> {
    for (;;) {
      const text = await this.next();
      if (text.toLowerCase().includes(`call-id: ${callId}`.toLowerCase())) return text;
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** A TCP connection that writes any bytes; what comes back is cut at Content-Length. */
export class RawTcp {
  readonly #stream: Stream;
  readonly #inbox = new Inbox();
  readonly closed: Promise<unknown>;
  #text = "";

  static async open(target: number): Promise<RawTcp> {
    const stream = connect(target, "127.0.0.1");
    await once(stream, "connect");
    return new RawTcp(stream);
  }

  /** The same in TLS, whoever the peer is. */
  static async secure(target: number): Promise<RawTcp> {
    const stream = connectTls({ port: target, host: "127.0.0.1", rejectUnauthorized: false });
    await once(stream, "secureConnect");
    return new RawTcp(stream);
  }

  private constructor(stream: Stream) {
    this.#stream = stream;
    this.closed = new Promise((resolve) => stream.once("close", resolve));
    stream.on("error", () => {});
    stream.on("data", (bytes) => this.#read(bytes.toString("latin1")));
  }

  get port(): number {
    return this.#stream.localPort ?? 0;
  }

  write(bytes: string | Buffer): void {
    this.#stream.write(bytes);
  }

  next(): Promise<string> {
    return this.#inbox.next();
  }

  /** Reads nothing for now. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  #read(text: string): void {
    this.#text += text;
    for (;;) {
      if (this.#text.startsWith("\r\n")) this.#put(2);
      const end = this.#text.indexOf("\r\n\r\n");
      const length = Number(/content-length:\s*(\d+)/i.exec(this.#text)?.[1] ?? 0);
      if (end < 0 || this.#text.length < end + 4 + length) return;
      this.#put(end + 4 + length);
    }
  }

  #put(length: number): void {
    this.#inbox.put(this.#text.slice(0, length));
    this.#text = this.#text.slice(length);
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }
}
