/** Bytes of a message as text and back without loss: UTF-8 (RFC 3261 §7), and where it is not, byte by byte. */
import { isUtf8 } from "node:buffer";

/** Bytes that are not UTF-8 become lone surrogates U+DC80 to U+DCFF, which no UTF-8 text holds. */
const ESCAPE = 0xdc00;

export function textOf(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  return bytes
    .toString("latin1")
    .replace(/[\x80-\xff]/g, (char) => String.fromCharCode(ESCAPE + char.charCodeAt(0)));
}

export function bytesOf(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, "utf8");
  return Buffer.concat(Array.from(text, (char) => bytesOfChar(char)));
}

function bytesOfChar(char: string): Buffer {
  const code = char.codePointAt(0) ?? 0;
  const escaped = code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff;
  return escaped ? Buffer.of(code - ESCAPE) : Buffer.from(char, "utf8");
}

const scratch = Buffer.alloc(256);

/** A piece of a string holds all of it in memory: this is a copy, and the message it came in can go. */
export function apart(text: string): string {
  if (!text.isWellFormed()) return text;
  const room = text.length * 3 <= scratch.length ? scratch : Buffer.alloc(text.length * 3);
  return room.toString("utf8", 0, room.write(text, "utf8"));
}

/** As large as a message may be that goes by UDP. */
const ROOM_BYTES = 65_536;

/** Writes one text after another in the same place, for new memory costs more than writing: bytes last until the next text. */
export class WritingRoom {
  #room = Buffer.alloc(ROOM_BYTES);

  /** Of all of them, one after the other. */
  bytesOf(texts: readonly string[]): Buffer {
    if (!texts.every((text) => text.isWellFormed())) return Buffer.concat(texts.map(bytesOf));
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    const room = bytes <= ROOM_BYTES ? this.#room : Buffer.allocUnsafeSlow(bytes);
    const end = texts.reduce((at, text) => at + room.write(text, at, "utf8"), 0);
    return room.subarray(0, end);
  }

  /** Leaves the bytes made last to somebody who still reads them. */
  leave(): void {
    this.#room = Buffer.alloc(ROOM_BYTES);
  }
}
