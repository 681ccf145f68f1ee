/** What a payload number has once meant in a session it means to its end (RFC 3264 §8.3.2). */
import type { Sdp } from "#sip/message.ts";
import { TELEPHONE_EVENT } from "./offer-answer.ts";
import { parseSession } from "./session.ts";

/** The numbers that are given out for a session (RFC 3551 §6). */
const FIRST_DYNAMIC = 96;
const LAST_DYNAMIC = 127;

/** The dynamic payload numbers of one leg's audio, whoever named them. */
export class PayloadNumbers {
  readonly #meanings = new Map<number, string>();
  #events: number | undefined;

  /** Reads a description that was sent or heard on the leg. */
  learn(sdp: Sdp): void {
    const media = parseSession(sdp)?.media ?? [];
    for (const { rtp = [], type } of media) {
      if (type === "audio") for (const { payload, codec } of rtp) this.#note(Number(payload), String(codec));
    }
  }

  /** Under which number telephone-event may be offered: the one last heard, else one that means nothing else. */
  get events(): number {
    if (this.#events !== undefined) return this.#events;
    const dynamic = Array.from({ length: LAST_DYNAMIC - FIRST_DYNAMIC + 1 }, (_, at) => FIRST_DYNAMIC + at);
    const free = [TELEPHONE_EVENT, ...dynamic].find((number) => !this.#meanings.has(number));
    return free ?? TELEPHONE_EVENT;
  }

  #note(payload: number, codec: string): void {
    const name = codec.toUpperCase();
    if (payload < FIRST_DYNAMIC || payload > LAST_DYNAMIC) return;
    if (!this.#meanings.has(payload)) this.#meanings.set(payload, name);
    if (name === "TELEPHONE-EVENT" && this.#meanings.get(payload) === name) this.#events = payload;
  }
}
