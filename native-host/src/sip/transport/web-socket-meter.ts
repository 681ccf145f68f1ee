/** How far a stream of WebSocket frames is within a message: counts bytes, keeps none (RFC 6455 §5.2). */

const FINAL = 0x80;
const OPCODE = 0x0f;
const MASKED = 0x80;
const LENGTH = 0x7f;
const FIRST_CONTROL = 8;
const MASK_BYTES = 4;
/** Two short lengths say that the real one follows, in so many bytes. */
const EXTENDED: ReadonlyMap<number, number> = new Map([
  [126, 2],
  [127, 8],
]);

export class WebSocketMeter {
  readonly #head: number[] = [];
  /** Of the frame whose head is read. */
  #left = 0;
  #open = false;
  #bytes = 0;

  /** Bytes of a message that has begun and is not yet whole, the heads of its frames included. */
  get unfinishedBytes(): number {
    return this.#bytes;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length)
      at += this.#left > 0 ? this.#skip(chunk.length - at) : this.#readHead(chunk, at);
  }

  #skip(there: number): number {
    const taken = Math.min(this.#left, there);
    this.#left -= taken;
    this.#bytes += taken;
    if (this.#left === 0) this.#endFrame();
    return taken;
  }

  /** One byte of a frame's head at a time: there are 14 at most. */
  #readHead(chunk: Buffer, at: number): number {
    this.#head.push(chunk[at] ?? 0);
    this.#bytes++;
    const payload = payloadOf(this.#head);
    if (payload === undefined) return 1;
    const [first = 0] = this.#head;
    if ((first & OPCODE) < FIRST_CONTROL) this.#open = (first & FINAL) === 0;
    this.#head.length = 0;
    this.#left = payload;
    if (payload === 0) this.#endFrame();
    return 1;
  }

  /** A control frame may stand between the frames of a message, and ends none. */
  #endFrame(): void {
    if (!this.#open) this.#bytes = 0;
  }
}

/** How long the payload is; undefined as long as the head is not whole. */
function payloadOf(head: readonly number[]): number | undefined {
  const [, second] = head;
  if (second === undefined) return undefined;
  const short = second & LENGTH;
  const extended = EXTENDED.get(short) ?? 0;
  if (head.length < 2 + extended + (second & MASKED ? MASK_BYTES : 0)) return undefined;
  if (extended === 0) return short;
  return head.slice(2, 2 + extended).reduce((sum, byte) => sum * 256 + byte, 0);
}
