/** A session description as its lines: what is said of the session, then each m-line with what belongs to it (RFC 4566 §5). */
import type { Sdp } from "#sip/message.ts";

export interface Sections {
  readonly session: readonly string[];
  /** Each begins with its m= line. */
  readonly media: readonly (readonly string[])[];
}

/** A CR or LF by itself: lines should not end so (RFC 4566 §5), and those of some do. */
const LONE_END = /\r(?!\n)|(?<!\r)\n/;

/** The lines of a description, however they end; empty ones are left out. */
export function linesOf(sdp: Sdp): string[] {
  const lines = LONE_END.test(sdp) ? sdp.split(/\r\n|\r|\n/) : sdp.split("\r\n");
  return lines.filter(Boolean);
}

/** How many m-lines a description has. */
export function countMedia(sdp: Sdp): number {
  let count = sdp.startsWith("m=") ? 1 : 0;
  for (let at = sdp.indexOf("m=", 1); at > 0; at = sdp.indexOf("m=", at + 1)) {
    const before = sdp[at - 1];
    if (before === "\n" || before === "\r") count++;
  }
  return count;
}

/** Never throws. */
export function split(sdp: Sdp): Sections {
  const lines = linesOf(sdp);
  const first = lines.findIndex((line) => line.startsWith("m="));
  if (first < 0) return { session: lines, media: [] };
  const media: string[][] = [];
  for (const line of lines.slice(first)) {
    if (line.startsWith("m=")) media.push([]);
    media.at(-1)?.push(line);
  }
  return { session: lines.slice(0, first), media };
}

/** The same as text, every line with CRLF. */
export function join({ session, media }: Sections): Sdp {
  return [...session, ...media.flat(), ""].join("\r\n");
}

/** `audio`, `video` … of an m-line and what belongs to it. */
export function typeOf([line = ""]: readonly string[]): string {
  return line.slice("m=".length).split(" ", 1)[0] ?? "";
}

/** Whether a stream is wanted: its port is not 0 (RFC 3264 §6, §8.2). */
export function isLive([line = ""]: readonly string[]): boolean {
  return !/^m=\S+ 0(?:\/\d+)?(?: |$)/.test(line);
}

/** The stream as one that is not wanted: port 0, no more said. */
export function refused([line = ""]: readonly string[]): readonly string[] {
  return [line.replace(/^(m=\S+) \S+/, "$1 0")];
}
