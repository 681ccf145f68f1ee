/** Hold, resume and mute: the direction of the audio, nothing else touched (RFC 3264 §8.4). */
import type { Sdp } from "#sip/message.ts";
import type { Direction } from "./session.ts";

const DIRECTION = /^a=(?:sendrecv|sendonly|recvonly|inactive)\s*$/;

/** The same description with every live audio stream in `direction`. */
export function withDirection(sdp: Sdp, direction: Direction): Sdp {
  const lines = sdp.split(/\r\n|\r|\n/).filter(Boolean);
  const firstMedia = lines.findIndex((line) => line.startsWith("m="));
  if (firstMedia < 0) return sdp;
  const common = lines.slice(0, firstMedia);
  const inherited = common.find((line) => DIRECTION.test(line));
  const media = sections(lines.slice(firstMedia)).flatMap((section) => turned(section, direction, inherited));
  return [...common.filter((line) => !DIRECTION.test(line)), ...media, ""].join("\r\n");
}

function sections(lines: readonly string[]): string[][] {
  const found: string[][] = [];
  for (const line of lines) {
    if (line.startsWith("m=")) found.push([]);
    found.at(-1)?.push(line);
  }
  return found;
}

function turned(section: string[], direction: Direction, inherited: string | undefined): string[] {
  const live = /^m=audio (?!0 )/.test(section[0] ?? "");
  if (live) return [...section.filter((line) => !DIRECTION.test(line)), `a=${direction}`];
  const own = section.some((line) => DIRECTION.test(line));
  return own || inherited === undefined ? section : [...section, inherited];
}
