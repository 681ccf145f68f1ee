/** Cuts a byte stream into SIP messages by Content-Length, in bounded memory and without recursion (RFC 3261 §18.3). */
import { unfold } from "../header-names.ts";
import type { Limits } from "../limits.ts";

export type Frame =
  | { readonly name: "message"; readonly head: Buffer; readonly body: Buffer }
  /** A double CRLF between messages: the peer asks whether we are there (RFC 5626 §3.5.1). */
  | { readonly name: "ping" }
  /** The stream cannot be followed any further; `head` is what could be read of the offending message. */
  | { readonly name: "fault"; readonly status: 400 | 513; readonly reason: string; readonly head: Buffer };

type Fault = Extract<Frame, { name: "fault" }>;

const HEAD_END = "\r\n\r\n";
const CR = 13;
const LF = 10;
const LENGTH = /^(?:content-length|l)[ \t]*:(.*)$/gim;
const FIRST_BYTES = 4096;

/** One per connection. After a fault it gives nothing more. */
export class Framer {
  readonly #limits: Limits;
  /** The message that has begun, from its first byte; only `#used` bytes of the buffer count. */
  #bytes = Buffer.alloc(0);
  #used = 0;
  #scanned = 0;
  #lineEnds = 0;
  #head: { readonly bytes: number; readonly body: number } | undefined;
  #faulty = false;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** How much there is of a message that has begun and is not yet whole. */
  get unfinishedBytes(): number {
    return this.#used;
  }

  /** The messages that are whole now; at most one ping however many came. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let data = this.#joined(chunk);
    while (data.length > 0 && !this.#faulty) {
      if (this.#scanned === 0) data = this.#skipLineEnds(data, frames);
      const frame = this.#cut(data);
      if (!frame) break;
      frames.push(frame);
      if (frame.name === "fault") this.#faulty = true;
      else data = data.subarray(frame.head.length + HEAD_END.length + frame.body.length);
    }
    this.#keep(data);
    return frames;
  }

  #joined(chunk: Buffer): Buffer {
    if (this.#faulty) return chunk.subarray(0, 0);
    if (this.#used === 0) return chunk;
    const length = this.#used + chunk.length;
    if (length > this.#bytes.length) this.#grow(length);
    chunk.copy(this.#bytes, this.#used);
    return this.#bytes.subarray(0, length);
  }

  #grow(length: number): void {
    const bytes = Buffer.alloc(Math.max(length, 2 * this.#bytes.length, FIRST_BYTES));
    this.#bytes.copy(bytes, 0, 0, this.#used);
    this.#bytes = bytes;
  }

  /** What is left is the start of the next message: it stays where it is, or gets a buffer of its own. */
  #keep(data: Buffer): void {
    const inPlace = data.buffer === this.#bytes.buffer && data.byteOffset === this.#bytes.byteOffset;
    this.#used = this.#faulty ? 0 : data.length;
    if (this.#used === 0) this.#bytes = Buffer.alloc(0);
    else if (!inPlace) this.#bytes = Buffer.from(data);
  }

  #skipLineEnds(data: Buffer, frames: Frame[]): Buffer {
    let at = 0;
    for (; data[at] === CR || data[at] === LF; at++) {
      this.#lineEnds = data[at] === HEAD_END.charCodeAt(this.#lineEnds) ? this.#lineEnds + 1 : 0;
      if (this.#lineEnds < HEAD_END.length) continue;
      this.#lineEnds = 0;
      if (frames.at(-1)?.name !== "ping") frames.push({ name: "ping" });
    }
    if (at < data.length) this.#lineEnds = 0;
    return data.subarray(at);
  }

  #cut(data: Buffer): Exclude<Frame, { name: "ping" }> | undefined {
    const fault = this.#head ? undefined : this.#readHead(data);
    if (fault) return fault;
    if (!this.#head) return undefined;
    const { bytes, body } = this.#head;
    const start = bytes + HEAD_END.length;
    if (data.length < start + body) return undefined;
    this.#head = undefined;
    this.#scanned = 0;
    return { name: "message", head: data.subarray(0, bytes), body: data.subarray(start, start + body) };
  }

  #readHead(data: Buffer): Fault | undefined {
    if (this.#scanned === 0 && !isVisible(data[0])) {
      return { name: "fault", status: 400, reason: "Not SIP", head: data.subarray(0, 0) };
    }
    const end = data.indexOf(HEAD_END, Math.max(0, this.#scanned - HEAD_END.length + 1), "latin1");
    this.#scanned = data.length;
    const { headBytes } = this.#limits;
    if (end > headBytes || (end < 0 && data.length > headBytes + HEAD_END.length)) {
      return { name: "fault", status: 400, reason: "Head Too Long", head: data.subarray(0, headBytes) };
    }
    if (end < 0) return undefined;
    const head = data.subarray(0, end);
    const length = contentLength(head.toString("latin1"));
    if (length === undefined) return { name: "fault", status: 400, reason: "Bad content-length", head };
    if (length > this.#limits.bodyBytes) {
      return { name: "fault", status: 513, reason: "Message Too Large", head };
    }
    this.#head = { bytes: end, body: length };
    return undefined;
  }
}

/** A method or version begins with a visible character; the hello of TLS does not, and need not be waited for. */
function isVisible(byte: number | undefined): boolean {
  return byte === undefined || (byte > 0x20 && byte < 0x7f);
}

/** Exactly one Content-Length of digits only; on a stream nothing else ends a message (RFC 3261 §20.14). */
function contentLength(head: string): number | undefined {
  const [only, ...others] = Array.from(unfold(head).matchAll(LENGTH), (found) => found[1]?.trim() ?? "");
  return only !== undefined && others.length === 0 && /^\d{1,9}$/.test(only) ? Number(only) : undefined;
}
