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
    const lines = linesOf(sdp);
    const text = lines.filter((line) => !line.startsWith("o=")).join("\r\n");
    if (text !== this.#last) this.#version++;
    this.#last = text;
    this.#where ??= lines.find((line) => line.startsWith("o="))?.match(/ (IN IP[46] \S+)\s*$/)?.[1];
    const origin = `o=- ${this.#sessionId} ${this.#version} ${this.#where ?? "IN IP4 127.0.0.1"}`;
    const end = text.includes("\r\n") ? text.indexOf("\r\n") : text.length;
    return `${text.slice(0, end) || "v=0"}\r\n${origin}${text.slice(end)}\r\n`;
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

/** Whether two descriptions say the same about the session, whoever owns them. */
export function sameMedia(one: Sdp, other: Sdp): boolean {
  const body = (sdp: Sdp) => linesOf(sdp).filter((line) => !line.startsWith("o="));
  return body(one).join("\n") === body(other).join("\n");
}
