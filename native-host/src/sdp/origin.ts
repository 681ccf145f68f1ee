/** Who owns a session description: the o= line of one leg (RFC 4566 §5.2, RFC 3264 §8). */
import { randomInt } from "node:crypto";
import type { Sdp } from "#sip/message.ts";
import { continued, fitted } from "./continued.ts";
import { linesOf } from "./sections.ts";

/**
 * Makes every description a leg sends that leg's own, wherever the text came from: one session id and address for the
 * life of the leg, a version one higher whenever anything else in the text changed, and no m-line ever lost.
 */
export class Origin {
  readonly #sessionId: number;
  #version = 0;
  #last: Sdp | undefined;
  #where: string | undefined;

  constructor(sessionId = randomInt(1, 2 ** 47)) {
    this.#sessionId = sessionId;
  }

  /** For a second phone that heard the same offer: it goes on from there by itself. */
  copy(): Origin {
    const copy = new Origin(this.#sessionId);
    copy.#version = this.#version;
    copy.#last = this.#last;
    copy.#where = this.#where;
    return copy;
  }

  /** A first description under our o= line, with CRLF line ends. */
  stamp(sdp: Sdp): Sdp {
    const { version, origin: theirs, rest } = taken(sdp);
    const text = version + rest;
    if (text !== this.#last) this.#version++;
    this.#last = text;
    this.#where ??= WHERE.exec(theirs)?.[1];
    const origin = `o=- ${this.#sessionId} ${this.#version} ${this.#where ?? "IN IP4 127.0.0.1"}`;
    return `${version}${origin}\r\n${rest}`;
  }

  /** A further offer: its streams keep the places of those before (RFC 3264 §8). */
  offer(sdp: Sdp): Sdp {
    return this.stamp(this.#last === undefined ? sdp : continued(sdp, this.#last));
  }

  /** An answer: one m-line for each of the offer (RFC 3264 §6). */
  answer(sdp: Sdp, offer: Sdp): Sdp {
    return this.stamp(fitted(sdp, offer));
  }
}

/** The address in an o= line. */
const WHERE = / (IN IP[46] \S+)\s*$/;

/** A description as it should be: v=, o=, and the rest without another o=, each line with CRLF. */
const USUAL = /^([^\r\n]+\r\n)(o=[^\r\n]*)\r\n((?:(?!o=)[^\r\n]+\r\n)*)$/;

/** The first line, the o= line if there is one, and the rest; with line ends, except for the o= line. */
function taken(sdp: Sdp): { version: string; origin: string; rest: string } {
  const [, first, line, after] = USUAL.exec(sdp) ?? [];
  if (first !== undefined && line !== undefined && !first.startsWith("o="))
    return { version: first, origin: line, rest: after ?? "" };
  const lines = linesOf(sdp);
  const [version = "v=0", ...rest] = lines.filter((one) => !one.startsWith("o="));
  const origin = lines.find((one) => one.startsWith("o=")) ?? "";
  return { version: `${version}\r\n`, origin, rest: rest.map((one) => `${one}\r\n`).join("") };
}

/** Whether two descriptions say the same about the session, whoever owns them. */
export function sameMedia(one: Sdp, other: Sdp): boolean {
  const body = (sdp: Sdp) => linesOf(sdp).filter((line) => !line.startsWith("o="));
  return body(one).join("\n") === body(other).join("\n");
}
