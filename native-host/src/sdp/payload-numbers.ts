/** What a payload number has once meant in a session it means to its end (RFC 3264 §8.3.2). */
import type { Sdp } from "#sip/message.ts";
import { TELEPHONE_EVENT } from "./offer-answer.ts";
import { join, split, typeOf } from "./sections.ts";
import { parseSession } from "./session.ts";

/** The numbers that are given out for a session (RFC 3551 §6). */
const FIRST_DYNAMIC = 96;
const LAST_DYNAMIC = 127;
const EVENTS = "TELEPHONE-EVENT";

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

  /** The number under which we declare telephone-event: the first it had here, else one that means nothing else. */
  get events(): number {
    this.#events ??= this.#free();
    this.#meanings.set(this.#events, EVENTS);
    return this.#events;
  }

  #free(): number {
    const dynamic = Array.from({ length: LAST_DYNAMIC - FIRST_DYNAMIC + 1 }, (_, at) => FIRST_DYNAMIC + at);
    const free = [TELEPHONE_EVENT, ...dynamic].find((number) => !this.#meanings.has(number));
    return free ?? TELEPHONE_EVENT;
  }

  /** The description without formats whose number has meant something else; then it counts as sent on the leg. */
  kept(sdp: Sdp): Sdp {
    const { session, media } = split(sdp);
    const streams = media.map((stream) => (typeOf(stream) === "audio" ? this.#without(stream) : stream));
    this.learn(sdp);
    const changed = streams.some((stream, at) => stream !== media[at]);
    return changed ? join({ session, media: streams }) : sdp;
  }

  #without(stream: readonly string[]): readonly string[] {
    const taken = new Set(
      stream
        .map((line) => /^a=rtpmap:(\d+) ([^/ ]+)/.exec(line))
        .filter((map) => map !== null)
        .filter(([, payload, codec = ""]) => !this.#may(Number(payload), codec))
        .map(([, payload = ""]) => payload),
    );
    const [line = "", ...others] = stream;
    const [type, port, protocol, ...formats] = line.split(" ");
    const left = formats.filter((format) => !taken.has(format));
    // A stream without formats would be none at all.
    if (taken.size === 0 || left.length === 0) return stream;
    const about = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) /;
    const rest = others.filter((other) => !taken.has(about.exec(other)?.[1] ?? ""));
    return [[type, port, protocol, ...left].join(" "), ...rest];
  }

  #may(payload: number, codec: string): boolean {
    const meant = this.#meanings.get(payload);
    return meant === undefined || meant === codec.toUpperCase();
  }

  #note(payload: number, codec: string): void {
    const name = codec.toUpperCase();
    if (payload < FIRST_DYNAMIC || payload > LAST_DYNAMIC) return;
    if (!this.#meanings.has(payload)) this.#meanings.set(payload, name);
    if (name === EVENTS && this.#meanings.get(payload) === name) this.#events ??= payload;
  }
}
