/** Documents in a stream of bytes: one NUL between two on a socket, a 32-bit length before each in native messaging. */

/** The longest document a client may send, in bytes. */
export const MAX_DOCUMENT_BYTES = 65_536;
/** The longest frame to a browser; it drops the port above 1 MiB. */
export const MAX_FRAME_BYTES = 262_144;
// JSON writes some characters of a document as two.
const MAX_FRAME_IN_BYTES = 2 * MAX_DOCUMENT_BYTES + 2;

export interface FramingHandlers {
  onDocument(text: string): void;
  /** A document that was skipped, and why; the stream goes on behind it. */
  onRefused(why: string): void;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Cuts a stream at NUL bytes; keeps at most one document, of at most `maxBytes`. */
export class NulReader {
  readonly #handlers: FramingHandlers;
  readonly #maxBytes: number;
  readonly #parts: Buffer[] = [];
  #length = 0;
  #skipping = false;

  constructor(handlers: FramingHandlers, maxBytes = MAX_DOCUMENT_BYTES) {
    this.#handlers = handlers;
    this.#maxBytes = maxBytes;
  }

  /** True while a document has begun and not ended. */
  get partial(): boolean {
    return this.#length > 0 || this.#skipping;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, start)) {
      this.#add(chunk.subarray(start, end));
      this.#finish();
      start = end + 1;
    }
    this.#add(chunk.subarray(start));
  }

  /** The stream has ended: what is left is the last document. */
  end(): void {
    this.#finish();
  }

  #add(part: Buffer): void {
    if (part.length === 0 || this.#skipping) return;
    this.#length += part.length;
    if (this.#length <= this.#maxBytes) {
      this.#parts.push(part);
      return;
    }
    this.#skipping = true;
    this.#clear();
    this.#handlers.onRefused(`the document is longer than ${this.#maxBytes} bytes`);
  }

  #finish(): void {
    const bytes = Buffer.concat(this.#parts);
    const skipped = this.#skipping;
    this.#skipping = false;
    this.#clear();
    if (skipped || bytes.length === 0) return;
    deliver(bytes, this.#handlers);
  }

  #clear(): void {
    this.#parts.length = 0;
    this.#length = 0;
  }
}

/** Reads native messaging: little-endian length, then a JSON string that is one document. */
export class FrameReader {
  readonly #handlers: FramingHandlers;
  #buffered: Buffer = Buffer.alloc(0);
  #skip = 0;

  constructor(handlers: FramingHandlers) {
    this.#handlers = handlers;
  }

  push(chunk: Buffer): void {
    const skipped = Math.min(this.#skip, chunk.length);
    this.#skip -= skipped;
    this.#buffered = Buffer.concat([this.#buffered, chunk.subarray(skipped)]);
    while (this.#take()) {
      // Each turn takes one whole frame off the buffer.
    }
  }

  #take(): boolean {
    if (this.#buffered.length < 4) return false;
    const length = this.#buffered.readUInt32LE(0);
    if (length > MAX_FRAME_IN_BYTES) {
      this.#skipFrame(length);
      return this.#skip === 0;
    }
    if (this.#buffered.length < 4 + length) return false;
    const frame = this.#buffered.subarray(4, 4 + length);
    this.#buffered = this.#buffered.subarray(4 + length);
    deliverString(frame, this.#handlers);
    return true;
  }

  #skipFrame(length: number): void {
    const present = Math.min(length, this.#buffered.length - 4);
    this.#skip = length - present;
    this.#buffered = this.#buffered.subarray(4 + present);
    this.#handlers.onRefused(`the document is longer than ${MAX_DOCUMENT_BYTES} bytes`);
  }
}

/** One document as native messaging carries it, or undefined when it is too long for a browser. */
export function frame(document: string): Buffer | undefined {
  const body = Buffer.from(JSON.stringify(document));
  if (body.length > MAX_FRAME_BYTES) return undefined;
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

function deliver(bytes: Buffer, handlers: FramingHandlers): void {
  const text = decode(bytes);
  if (text === undefined) handlers.onRefused("it is not UTF-8");
  else handlers.onDocument(text);
}

function deliverString(bytes: Buffer, handlers: FramingHandlers): void {
  const json = decode(bytes);
  const document = json === undefined ? undefined : parseString(json);
  if (document === undefined) handlers.onRefused("the message is not a string in JSON");
  else if (document.includes("\0")) handlers.onRefused("control characters are not allowed");
  else handlers.onDocument(document);
}

function decode(bytes: Buffer): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}

function parseString(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
